/** A store for tests: as slow as the event loop. */
export function memoryStore() {
  const orders = new Map();
  return {
    async get(id) {
      await new Promise(setImmediate);
      return orders.get(id);
    },
    async put(id, order) {
      await new Promise(setImmediate);
      orders.set(id, order);
    },
  };
}
