/* The choice of another language: it is kept for a year, and the page comes anew in it. */
document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("[data-language]");
  if (!button) return;
  document.cookie = `lifemask_language=${button.dataset.language}; path=${window.lifemask.at("/")}; max-age=31536000; samesite=lax`;
  location.reload();
});
