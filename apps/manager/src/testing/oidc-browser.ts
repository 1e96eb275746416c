interface Cookie {
  readonly path: string;
  readonly value: string;
}

const CALLBACK = '/api/v1/session/oidc/callback';
const MAX_STEPS = 20;
const STEP_TIMEOUT_MS = 10_000;

/** As much of a browser as a sign-in needs: cookies by origin and path, redirects by hand, the provider's forms filled in. */
export class OidcBrowser {
  private readonly jars = new Map<string, Map<string, Cookie>>();

  constructor(
    private readonly origin: string,
    private readonly login: string,
  ) {}

  async ask(
    address: string,
    { form, headers = {} }: { form?: Record<string, string>; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const url = new URL(address, this.origin);
    const cookie = [...this.jar(url.origin)]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(' ', 1)[0]}=${value}`)
      .join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(STEP_TIMEOUT_MS),
      headers: { ...(cookie !== '' && { cookie }), accept: 'text/html', ...headers },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) this.keep(url.origin, line);
    return response;
  }

  cookies(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.jar(this.origin)].map(([key, { value }]) => [key.split(' ', 1)[0], value]));
  }
  setCookie(name: string, value: string): void {
    this.jar(this.origin).set(`${name} /`, { path: '/', value });
  }

  /** Presses the button. @returns where the manager sends to. */
  async begin(from?: string): Promise<string> {
    const query = from === undefined ? '' : `?from=${encodeURIComponent(from)}`;
    return (await this.ask(`/api/v1/session/oidc${query}`)).headers.get('location') ?? '';
  }

  /** From the provider's first page to where it sends back to, not visited. @param answer what the person does when asked who they are */
  async atProvider(address: string, answer: 'signs in' | 'aborts' = 'signs in'): Promise<string> {
    let at = new URL(address);
    let response = await this.ask(at.href);
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const location = response.headers.get('location');
      if (location !== null) {
        at = new URL(location, at);
        if (at.origin === this.origin) return at.href;
        response = await this.ask(at.href);
        continue;
      }
      const page = await response.text();
      const action = /action="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
      if (action === undefined) throw new Error(`the provider says ${response.status}: ${page.slice(0, 2000)}`);
      at = new URL(action, at);
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? '';
      response =
        answer === 'aborts'
          ? await this.ask(`${at.href}/abort`)
          : await this.ask(at.href, { form: { prompt, login: this.login, password: 'any' } });
    }
    throw new Error('the provider leads round in circles');
  }

  /** @returns the manager's answer to the way back: where it leads, and whether there is a session now. */
  async finish(callback: string, headers: Record<string, string> = {}): Promise<{ status: number; to: string; error: string | null }> {
    const response = await this.ask(callback, { headers });
    const to = response.headers.get('location') ?? '';
    const { pathname, searchParams } = new URL(to, this.origin);
    return { status: response.status, to, error: pathname === '/sign-in' ? searchParams.get('error') : null };
  }

  /** All of it. */
  async signIn(from?: string): ReturnType<OidcBrowser['finish']> {
    return await this.finish(await this.atProvider(await this.begin(from)));
  }

  /** Begins, and comes back as far as the address with the code. */
  async callback(from?: string): Promise<URL> {
    const url = new URL(await this.atProvider(await this.begin(from)));
    if (url.pathname !== CALLBACK) throw new Error(`not the way back: ${url.href}`);
    return url;
  }

  private jar(origin: string): Map<string, Cookie> {
    const known = this.jars.get(origin) ?? new Map<string, Cookie>();
    this.jars.set(origin, known);
    return known;
  }

  private keep(origin: string, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const of = (key: string) => attributes.find((attribute) => attribute.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const path = of('path') ?? '/';
    const ended = of('max-age') === '0' || value === '' || Date.parse(of('expires') ?? '9999-01-01') < Date.now();
    if (ended) this.jar(origin).delete(`${name} ${path}`);
    else this.jar(origin).set(`${name} ${path}`, { path, value });
  }
}
