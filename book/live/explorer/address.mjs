// The word in the address of the page: `#word=hate`.

import { HASH } from "./loader.mjs";

/** The word in the address; null if there is none. */
export function wordInAddress() {
  if (!location.hash.startsWith(HASH)) return null;
  try {
    return decodeURIComponent(location.hash.slice(HASH.length));
  } catch {
    return null;
  }
}

/** Whether the address leads to a section of the page, and so has no room for a word. */
export const leadsElsewhere = () => location.hash !== "" && wordInAddress() === null;

/** The address of this page with a word. */
export const addressOf = (word) => new URL(HASH + encodeURIComponent(word), location.href).href;

/** Replaces the present address. */
export const replaceAddress = (address) => history.replaceState(history.state, "", address);
