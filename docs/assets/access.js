/* What the theme leaves out for those who hear a page or use it by keyboard. */
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
const mend = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) box.tabIndex = 0;
  [...document.querySelectorAll(".md-code__nav")].forEach((bar, index) => {
    if (!bar.ariaLabel) bar.ariaLabel = `Code ${index + 1}`;
  });
};
mend();
// The theme wraps tables and adds buttons when it is ready.
new MutationObserver(mend).observe(document.querySelector(".md-content"), { childList: true, subtree: true });
