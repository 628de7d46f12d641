// Which screen an address shows: "#/exercises/4" is the screen "exercises" with ["4"].

let screens = {};
let fallback = "";
let leave = null;

/**
 * Show screens as the address says.
 *
 * @param {Object} all by name: async (parts, isShown); what it returns is called when it is left. Who
 *   has waited shows nothing if it was left meanwhile
 * @param {string} first which one is shown for no address
 */
export function startRouting(all, first) {
  screens = all;
  fallback = first;
  window.addEventListener("hashchange", route);
  return route();
}

export function stopRouting() {
  window.removeEventListener("hashchange", route);
  left();
}

/** Go to an address; when that is done its screen is shown. */
export function go(address) {
  if (location.hash !== `#/${address}`) {
    history.pushState(null, "", `#/${address}`);
  }
  return route();
}

/** The name of the screen that is shown. */
export function currentScreen() {
  const name = location.hash.slice(2).split("/")[0];
  return name in screens ? name : fallback;
}

async function route() {
  left();
  const parts = location.hash.slice(2).split("/").map(decodeURIComponent);
  const name = currentScreen();
  let isShown = true;
  leave = () => {
    isShown = false;
  };
  const whenLeft = await screens[name](name === parts[0] ? parts.slice(1) : [], () => isShown);
  if (whenLeft && isShown) {
    leave = () => {
      isShown = false;
      whenLeft();
    };
  } else if (whenLeft) {
    whenLeft();
  }
}

function left() {
  if (leave !== null) {
    leave();
    leave = null;
  }
}
