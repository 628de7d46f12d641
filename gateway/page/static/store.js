// What the browser keeps: workouts that wait to be sent, and exercises to find without a network.

const NAME = "gym-tracker";
const STORES = ["waiting", "exercises"];

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function run(store, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode);
    const request = work(transaction.objectStore(store));
    // a write is kept only once its transaction is
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

export function read(store, key) {
  return run(store, "readonly", (objects) => objects.get(key));
}

export function readAll(store) {
  return run(store, "readonly", (objects) => objects.getAll());
}

export function keep(store, key, value) {
  return run(store, "readwrite", (objects) => objects.put(value, key));
}

export function forget(store, key) {
  return run(store, "readwrite", (objects) => objects.delete(key));
}
