declare const brand: unique symbol;

/** A string or number that has been checked and must not be mixed up with another of its type. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
