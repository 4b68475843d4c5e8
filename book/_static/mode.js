// Before anything is drawn: the mode that the reader chose, or that of the system. The theme looks
// at the system only when the whole page is there, so that in the dark a long page comes in white.
{
  const root = document.documentElement.dataset;
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.mode = localStorage.getItem("mode") || "auto";
  root.theme = root.mode === "auto" ? (dark ? "dark" : "light") : root.mode;

  // Paper is white in the dark, too.
  let shown;
  window.addEventListener("beforeprint", () => {
    shown = root.theme;
    root.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    root.theme = shown;
  });
}
