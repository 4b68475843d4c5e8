// What the buttons do that name an action: an inline handler would be against the site's policy.
{
  const actions = { "full-screen": () => window.toggleFullScreen(), print: () => window.print() };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button) actions[button.dataset.action]?.();
  });
}
