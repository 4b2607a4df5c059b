/* The answers to 'is this a face?', on a card and on the page of a face. They go to the server as they are, not through Dash, which
   loses a click on what it draws anew at that moment. */
document.addEventListener("click", async (event) => {
  "use strict";
  const button = event.target.closest && event.target.closest("button[data-doubt]");
  if (!button || button.disabled) return;
  const { doubt, face } = button.dataset;
  const question = button.closest(".doubt");
  const card = button.closest(".card-face");
  button.disabled = true;
  const [address, method] = doubt === "keep" ? [`/api/faces/${face}/keep`, "POST"] : [`/api/faces/${face}`, "DELETE"];
  const answer = await fetch(window.lifemask.at(address), { method }).catch(() => null);
  const said = answer ? await answer.json().catch(() => ({})) : {};
  if (!answer || !answer.ok) {
    button.disabled = false;
    question.querySelector("p").textContent = said.error || say("The app does not answer. Is it still running?");
  } else if (doubt === "delete") {
    card.hidden = true; // until the page draws what is left
    if (said.undo) window.dash_clientside.undo.offer({ address: said.undo, said: say("Deleted."), seconds: said.undo_s });
    window.lifemask.follow();
  } else if (card) {
    question.hidden = true;
    window.lifemask.follow();
  } else location.reload(); // badges and warnings stand all over the page
});
