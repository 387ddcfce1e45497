/** An HTTP answer as data. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body:
    | { readonly kind: "none" }
    | { readonly kind: "json"; readonly value: unknown }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly contentType: string }
    | { readonly kind: "file"; readonly path: string; readonly contentType: string };
}

export const json = (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
  body: { kind: "json", value },
});
export const noContent = (): Reply => ({ status: 204, headers: {}, body: { kind: "none" } });
export const redirect = (location: string): Reply => ({ status: 302, headers: { location }, body: { kind: "none" } });

/** One entry of the `errors` of a 422. */
export interface FieldError {
  readonly resource: string;
  readonly field?: string;
  readonly code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable" | "custom";
  readonly message?: string;
}

const DOCUMENTATION_URL = "https://docs.github.com/rest";

export const failure = (status: number, message: string, errors?: readonly FieldError[]): Reply =>
  json({ message, ...(errors === undefined ? {} : { errors }), documentation_url: DOCUMENTATION_URL, status: String(status) }, status);

export const notFound = (): Reply => failure(404, "Not Found");
export const unprocessable = (message: string): Reply => failure(422, message);
export const validationFailed = (...errors: readonly FieldError[]): Reply => failure(422, "Validation Failed", errors);
export const notAccessible = (): Reply => failure(403, "Resource not accessible by integration");

/**
 * One page of a list with its `Link` header.
 * @param query `per_page` 1 to 100 (default 30) and `page`, as GitHub's REST pages
 */
export function pageOf<T>(url: URL, items: readonly T[]): { readonly items: readonly T[]; readonly headers: Readonly<Record<string, string>> } {
  const perPage = Math.min(100, Math.max(1, Number(url.searchParams.get("per_page") ?? 30) || 30));
  const page = Math.max(1, Number(url.searchParams.get("page") ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const link = (to: number, rel: string): string => {
    const target = new URL(url);
    target.searchParams.set("page", String(to));
    return `<${target.href}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ...(page > 1 ? [link(1, "first")] : []),
  ];
  return { items: items.slice((page - 1) * perPage, page * perPage), headers: links.length === 0 ? {} : { link: links.join(", ") } };
}
