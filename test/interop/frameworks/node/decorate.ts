/** What `@decorator method() {}` does: this project's TypeScript has no syntax of its own. */
export function decorate(type: new () => object, method: string, decorator: MethodDecorator): void {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, method)
  if (!descriptor) throw new Error(`${type.name} has no method ${method}`)
  decorator(type.prototype as object, method, descriptor)
}
