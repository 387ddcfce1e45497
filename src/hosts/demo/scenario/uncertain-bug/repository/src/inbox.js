/**
 * Keeps orders, each once.
 * @param {{ get(id: string): Promise<object | undefined>, put(id: string, order: object): Promise<void> }} store
 */
export function createInbox(store) {
  const taken = [];
  return {
    /** @returns {Promise<boolean>} whether the order was new */
    async take(order) {
      if ((await store.get(order.id)) !== undefined) return false;
      await store.put(order.id, order);
      taken.push(order);
      return true;
    },
    taken: () => [...taken],
  };
}
