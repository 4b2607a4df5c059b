/* Photos and scans go up by XMLHttpRequest, one request each, so that each has its own progress, its own error and its own cancel;
   Dash hears only that something changed. Ways in: choosing, the phone's camera, dropping, pasting, the samples.
   A depth map goes up with the photo that its name says, where both come at once: anna.jpg and anna.depth-mm.png. */
(function () {
  "use strict";
  const AT_ONCE = 2;
  const TRIES = 10; // of a photo that the server has no room for now
  const HERE_MS = 6000; // how long a photo's row says that it is here already
  const LATEST_MS = 5000; // until a run's row is drawn, if at all: of many the last are not
  const waiting = [];
  const sending = new Set();
  const delayed = new Set(); // until the server has room
  const again = []; // when the server is back
  let running = 0;
  let unstarted = 0; // photos whose run is not queued yet
  let order = Promise.resolve(); // runs are started in the order in which the photos came, however long each takes to send

  const drop = () => document.getElementById("photo-drop");
  const nudge = () => {
    window.dash_clientside.set_props("studio-nudge", { data: Date.now() });
    window.lifemask.follow();
  };

  /* The page counts what is still to be sent with what waits, and folds the rows of both when they are many. */
  function count(more) {
    unstarted += more;
    const place = document.getElementById("uploads");
    if (!place) return;
    place.dataset.many = unstarted + document.querySelectorAll(".run[data-run]").length >= 4 ? "1" : "";
    window.dash_clientside.set_props("studio-to-upload", { data: unstarted });
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function row(name) {
    const line = element("div", "run unsent");
    const text = element("div");
    const stage = element("div", "run-stage", say("Waiting to upload"));
    const bar = element("div", "bar");
    const fill = element("div");
    const button = element("button", "btn btn-plain btn-sm", say("Cancel"));
    button.type = "button";
    fill.style.width = "0%";
    bar.append(fill);
    text.append(element("div", "run-name", name), stage, bar);
    line.append(element("div", "blank"), text, button);
    document.getElementById("uploads").append(line);
    return {
      button,
      stands(sentence, share) { stage.textContent = sentence; fill.style.width = Math.round(100 * share) + "%"; },
      here(link) {
        line.classList.remove("unsent");
        stage.replaceChildren(say("Already here."), " ", link);
        bar.remove();
        button.remove();
        setTimeout(() => line.remove(), HERE_MS);
      },
      fail(sentence) {
        line.classList.remove("unsent");
        stage.textContent = sentence;
        stage.className = "run-stage run-error";
        stage.setAttribute("role", "alert");
        bar.remove();
        button.textContent = say("Dismiss");
        button.onclick = () => line.remove();
      },
      remove() { line.remove(); },
    };
  }

  function sentence(request, otherwise) {
    try {
      const answer = JSON.parse(request.responseText);
      return (answer.errors && answer.errors.length && answer.errors[0].error) || answer.error || otherwise;
    } catch { return otherwise; }
  }

  function start(file) {
    running += 1;
    const { line } = file;
    const request = new XMLHttpRequest();
    let settle = null;
    const sent = new Promise((resolve) => { settle = resolve; });
    order = Promise.all([order, sent]).then(async ([, photo]) => {
      if (photo) await run(photo, line);
      count(-1);
    });
    const done = (photo) => { running -= 1; settle(photo); next(); };
    file.stop = () => { request.abort(); line.remove(); };
    line.button.onclick = file.stop;
    sending.add(file);
    request.upload.onprogress = (event) => line.stands(say("Uploading"), event.lengthComputable ? event.loaded / event.total : 0);
    request.upload.onload = () => line.stands(say("Reading the file"), 1);
    request.onloadend = () => sending.delete(file);
    request.onabort = () => done(null);
    request.onerror = async () => {
      await window.lifemask.follow();
      if (window.lifemask.isGone()) { // it goes once more when the server is back
        line.stands(say("Waits for the server"), 0);
        line.button.onclick = () => { again.splice(again.indexOf(file), 1); line.remove(); count(-1); };
        again.push(file);
        count(1);
      } else if (request.status) {
        line.fail(say("The proxy before Lifemask did not wait for its answer (status {status}). Choose the file once more.", { status: request.status }));
      } else line.fail(say("The connection broke while this file was sent. Choose it once more."));
      done(null);
    };
    request.onload = () => {
      if (window.lifemask.isOfProxy(request.status, request.getResponseHeader("Content-Type"))) { request.onerror(); return; }
      let photo = null;
      const later = Number(request.getResponseHeader("Retry-After"));
      if (later && (file.tries = (file.tries || 0) + 1) <= TRIES) { // too many come at a time
        line.stands(say("Waits for its turn"), 0);
        const turn = setTimeout(() => { delayed.delete(file); waiting.push(file); next(); }, 1000 * later);
        file.stop = () => {
          clearTimeout(turn);
          delayed.delete(file);
          if (waiting.includes(file)) waiting.splice(waiting.indexOf(file), 1);
          line.remove();
          count(-1);
        };
        line.button.onclick = file.stop;
        delayed.add(file);
        count(1);
        done(null);
        return;
      }
      try { photo = (JSON.parse(request.responseText).photos || [])[0]; } catch { /* the sentence below says it */ }
      if (request.status >= 400 || !photo) {
        line.fail(sentence(request, request.status === 413
          ? say("The proxy before Lifemask takes no file of this size. Whoever runs it can raise its limit, in nginx by client_max_body_size.")
          : say("{name} was not taken (status {status}).", { name: file.blob.name, status: request.status })));
        photo = null;
      }
      done(photo);
    };
    const form = new FormData();
    form.append("photo", file.blob, file.blob.name || "pasted.png");
    if (file.map) form.append("depth_map", file.map, file.map.name);
    request.open("POST", window.lifemask.at("/api/photos"));
    request.send(form);
  }

  async function run(photo, line) {
    const answer = await fetch(window.lifemask.at("/api/runs"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ photo_id: photo.id, options: window.lifemask.options || {} }),
    }).catch(() => null);
    const said = answer ? await answer.json().catch(() => ({})) : {};
    if (!answer || !answer.ok) {
      line.fail(said.error || say("The file is stored, but its work could not be started. Try again."));
    } else if (said.state === "done" && said.face_ids.length) {
      show(said.face_ids[0], line);
    } else {
      handOver(said.id, line);
      nudge();
    }
  }

  /* The row here goes when the page draws that of the run, or its card where the work was quick, before either is painted. */
  function handOver(run, line) {
    const drawn = `[data-of="${run}"], .card-face[data-made="${run}"]`;
    const seen = new MutationObserver(() => { if (document.querySelector(drawn)) end(); });
    const late = setTimeout(() => end(), LATEST_MS);
    const end = () => { seen.disconnect(); clearTimeout(late); line.remove(); };
    if (document.querySelector(drawn)) end();
    else seen.observe(document.body, { childList: true, subtree: true });
  }

  /* The photo was made before: its card comes into sight and lights up once. */
  function show(face, line) {
    const link = element("a", "", say("Open it"));
    link.href = window.lifemask.at(`/face/${face}`);
    line.here(link);
    const card = document.querySelector(`.card-face[data-face="${face}"]`);
    if (!card) return;
    card.scrollIntoView({ block: "start" });
    card.classList.remove("lit");
    void card.offsetWidth; // begins anew where it was lit before
    card.classList.add("lit");
    card.addEventListener("animationend", () => card.classList.remove("lit"), { once: true });
  }

  function next() {
    while (running < AT_ONCE && waiting.length && !window.lifemask.isGone()) start(waiting.shift());
  }

  /* As core/sensor/map_name.py has it, with or without a unit: the server says what is wrong with it. */
  const MAP = /^([^]+)\.depth(?:-[^]*)?\.(?:png|tiff?|npy|exr)$/i;
  const isScan = (blob) => SCAN.test(blob.name || ""); // which has depth of its own
  const stem = (name) => name.replace(/(.)\.[^.]*$/, "$1");

  const SCAN = /\.(?:obj|ply|stl|glb)$/i; // as core/scan/formats.py has it

  /* Takes the depth maps out of some files: each goes to the photos of its name, or its row says why it goes nowhere. */
  function pair(files) {
    const photos = files.filter((blob) => !MAP.test(blob.name || ""));
    const maps = new Map();
    for (const blob of files.filter((one) => !photos.includes(one))) {
      const of = MAP.exec(blob.name)[1];
      if (!photos.some((photo) => !isScan(photo) && stem(photo.name || "") === of)) {
        row(blob.name).fail(say("This is a depth map. Choose it together with its photo, {name}.jpg.", { name: of }));
      } else if (maps.has(of)) {
        row(blob.name).fail(say("This is a second depth map of {name}, which takes one.", { name: of }));
      } else maps.set(of, blob);
    }
    return photos.map((blob) => ({ blob, map: isScan(blob) ? undefined : maps.get(stem(blob.name || "")) }));
  }

  function take(files) {
    const pairs = pair([...files]);
    for (const { blob, map } of pairs) {
      const file = { blob, map, line: row(blob.name || say("Pasted picture")) };
      file.stop = () => { waiting.splice(waiting.indexOf(file), 1); file.line.remove(); count(-1); };
      file.line.button.onclick = () => file.stop();
      waiting.push(file);
    }
    count(pairs.length);
    next();
  }

  window.addEventListener("lifemask-back", () => {
    waiting.unshift(...again.splice(0));
    next();
  });

  /* 'Cancel all' of the page means those that are not sent yet, too. */
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("[data-cancel-uploads]")) return;
    for (const file of [...waiting, ...sending, ...delayed]) file.stop();
    for (const file of again.splice(0)) { file.line.remove(); count(-1); }
  });

  function input(id, label, accept, camera) {
    const made = element("input");
    Object.assign(made, { type: "file", id, accept, multiple: !camera });
    made.setAttribute("aria-label", label);
    if (camera) { made.setAttribute("capture", "user"); made.tabIndex = -1; }
    made.onchange = () => { take(made.files); made.value = ""; };
    return made;
  }

  /* Dash renders no file input: it is put into the empty place that the page keeps for it. */
  function mount() {
    const place = document.getElementById("photo-inputs");
    if (!place || place.childElementCount) return;
    const { accept, maps, scans } = place.dataset;
    place.append(
      input("photo-input", say("Choose files"), `${accept},${maps},${scans}`, false), input("camera-input", say("Take a photo"), accept, true),
    );
  }
  new MutationObserver(mount).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("click", async (event) => {
    const sample = event.target.closest && event.target.closest("[data-sample]");
    if (!sample) return;
    const name = sample.dataset.sample;
    const answer = await fetch(window.lifemask.at(`/assets/samples/${name}`));
    take([new File([await answer.blob()], name, { type: "image/jpeg" })]);
  });

  let depth = 0;
  const carriesFiles = (event) => drop() && event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; drop().classList.add("over"); } });
  document.addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) { depth = Math.max(0, depth - 1); if (!depth) drop().classList.remove("over"); }
  });
  document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    drop().classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (drop() && event.clipboardData && event.clipboardData.files.length) take(event.clipboardData.files);
  });
})();
