// Sets the theme before anything is painted: what the address says, what was chosen, or the system.
(() => {
  const root = document.documentElement;
  const chosen = () => {
    try { return localStorage.getItem("hubq-theme") || ""; } catch { return ""; }
  };
  if (!root.hasAttribute("data-fixed") && chosen()) root.dataset.theme = chosen();
})();
