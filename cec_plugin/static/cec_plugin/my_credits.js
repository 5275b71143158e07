// While a credit is being worked out or sent, ask for the page again from time to time and put in what changed.
// The page is complete without this script: reloading it shows the same.

(() => {
  "use strict";

  const FIRST_WAIT_MS = 2000;
  const LONGEST_WAIT_MS = 60000;
  const GROWTH = 1.5;

  const live = (from) => from.querySelectorAll("[data-cec-live]");
  const heard = (from) => from.getElementById("cec-heard") !== null;
  const pending = (from) =>
    heard(from) || from.querySelector("[data-cec-live] .cec-state-being_sent") !== null;

  const putIn = (fresh) => {
    const news = [];
    for (const now of live(document)) {
      const then = fresh.getElementById(now.id);
      if (then === null || then.textContent === now.textContent) continue;
      if (then.dataset.cecLive) news.push(then.dataset.cecLive);
      now.replaceChildren(...then.childNodes);
    }
    if (news.length) document.getElementById("cec-news").textContent = news.join(". ");
  };

  // An XMLHttpRequest parses the page itself, also where a site forbids scripts to parse HTML.
  const ask = () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("GET", location.href);
      request.responseType = "document";
      request.onerror = () => resolve(true);
      request.onload = () => {
        const fresh = request.response;
        const ours = request.status === 200 && fresh?.querySelector(".cec-page");
        if (ours && heard(document) && !heard(fresh)) {
          location.reload(); // there are new rows, not only new words in those that stand
          return;
        }
        if (ours) putIn(fresh);
        resolve(ours ? pending(fresh) : request.status >= 500); // signed out: no use to go on
      };
      request.send();
    });

  const later = (wait) => {
    setTimeout(async () => {
      if (document.hidden || (await ask())) later(Math.min(wait * GROWTH, LONGEST_WAIT_MS));
    }, wait);
  };

  later(FIRST_WAIT_MS);
})();
