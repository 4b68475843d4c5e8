// Loads the explorer when the reader comes near it. Until then, and wherever modules cannot be
// loaded, the prepared picture is shown.

export const HASH = "#word="; // followed by a word, it leads to the first explorer

const near = new IntersectionObserver(come, { rootMargin: "400px" });

async function come(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    const { start } = await import("./explorer.mjs");
    await start(target);
  }
}

const explorers = document.querySelectorAll("unrolled-explorer");
explorers.forEach((element) => near.observe(element));
if (location.hash.startsWith(HASH)) explorers[0]?.scrollIntoView({ block: "nearest" });
