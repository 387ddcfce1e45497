/** Where the sandbox's network ends. Needs bubblewrap, curl and openssl. No name server and no address outside this machine is asked. */
import { execFileSync } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { connect as tlsConnect } from "node:tls";
import fc from "../fakes/fast-check.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { matchesHost, parseHostPattern, type HostPattern } from "../../src/shared/host-pattern.ts";
import { serverName } from "../../src/workspace/network/client-hello.ts";
import { isPublicAddress } from "../../src/workspace/network/public-address.ts";
import { repository, sandboxOn, temporaryDirectory } from "../workspace/small-repository.ts";

function patterns(...texts: string[]): readonly HostPattern[] {
  return texts.map((text) => {
    const pattern = parseHostPattern(text);
    if (pattern === null) throw new Error(`${text} is no pattern`);
    return pattern;
  });
}

async function listening<T extends Server>(server: T): Promise<{ readonly server: T; readonly port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** A certificate that says it is for these names, and a server behind it that greets by the name it was asked for. */
async function tlsSite(...names: readonly string[]): Promise<{ readonly port: number; readonly certificate: string }> {
  const directory = temporaryDirectory();
  const [key, certificate] = [join(directory, "key"), join(directory, "cert")];
  const alternative = names.map((name) => `DNS:${name}`).join(",");
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=site", "-addext", `subjectAltName=${alternative}`], { stdio: "ignore" });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello from ${String(socket.servername)}`));
  });
  return { port: (await listening(server)).port, certificate: readFileSync(certificate, "utf8") };
}

const PUBLIC = "93.184.215.14";

interface Wires {
  /** Answers of the name server. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Where a connection to `address:port` really goes on this machine. */
  readonly ports: Readonly<Record<string, number>>;
}

/** The network as the gateway sees it, and what it was asked for. */
function wires({ names, ports }: Wires) {
  const asked: string[] = [];
  return {
    asked,
    resolve: async (host: string) => {
      asked.push(`resolve ${host}`);
      const addresses = names[host];
      if (addresses === undefined) throw new Error("no such name");
      return addresses;
    },
    connect: (address: string, port: number): Socket => {
      asked.push(`connect ${address}:${port}`);
      return connect({ host: "127.0.0.1", port: ports[`${address}:${port}`] ?? 1 });
    },
  };
}

async function sandboxWith(allow: readonly string[], network: ReturnType<typeof wires>, files: Readonly<Record<string, string>> = {}) {
  const { directory } = repository({ "a.txt": "text\n", ...files });
  const sandbox = await sandboxOn(directory, "bubblewrap", { network: { allow: patterns(...allow), resolve: network.resolve, connect: network.connect } });
  const bash = async (command: string) => (await sandbox.call("bash", { command, timeout_ms: 20_000 })).content;
  return { sandbox, bash };
}

describe("attack 10: hosts the operator opened", () => {
  test("curl and node reach an allowed host over TLS and plain HTTP, and what they reached is told once", async () => {
    const site = await tlsSite("registry.example.org");
    const plain = await listening(createHttpServer((request, response) => response.end(`plain ${request.headers.host} ${request.url} ${request.method}`)));
    const network = wires({ names: { "registry.example.org": [PUBLIC] }, ports: { [`${PUBLIC}:443`]: site.port, [`${PUBLIC}:80`]: plain.port } });
    const { sandbox, bash } = await sandboxWith(["registry.example.org"], network, { "cert.pem": site.certificate });
    expect(await bash("curl -sS --cacert cert.pem https://registry.example.org/package")).toContain("hello from registry.example.org");
    expect(await bash(`NODE_EXTRA_CA_CERTS=cert.pem ${process.execPath} -e 'fetch("https://registry.example.org/").then((r) => r.text()).then(console.log)'`)).toContain("hello from registry.example.org");
    expect(await bash("curl -sS -X POST --data-binary @a.txt 'http://Registry.Example.org./x?y=1'")).toContain("plain registry.example.org /x?y=1 POST");
    const [tls, unencrypted] = sandbox.takeReached().toSorted((a, b) => b.host.localeCompare(a.host, "en", { numeric: true }));
    expect(tls).toMatchObject({ host: "registry.example.org:443", requests: 2, refused: 0 });
    expect(tls?.sentBytes).toBeGreaterThan(200);
    expect(unencrypted).toMatchObject({ host: "registry.example.org:80", requests: 1, refused: 0 });
    expect(sandbox.takeReached()).toEqual([]);
    expect(sandbox.hosts).toEqual(["registry.example.org"]);
    await sandbox.renew();
    expect(await bash("curl -sS --cacert cert.pem https://registry.example.org/package")).toContain("hello from registry.example.org");
  });

  test("everything else is refused without a question to a name server, and counted", async () => {
    const site = await tlsSite("evil.example.com");
    const network = wires({ names: { "evil.example.com": [PUBLIC] }, ports: { [`${PUBLIC}:443`]: site.port } });
    const { sandbox, bash } = await sandboxWith(["registry.example.org", "*.pypi.example.net", "files.example.org:8443"], network);
    const refused = [
      "https://evil.example.com/",
      "https://registry.example.org.evil.example.com/",
      "https://evilregistry.example.org/",
      "https://pypi.example.net/",
      "https://evil-pypi.example.net/",
      "https://registry.example.org:8443/",
      "https://files.example.org/",
      "http://files.example.org:80/",
      `https://${PUBLIC}/`,
      "http://169.254.169.254/latest/meta-data/",
      "http://[::1]/",
      "http://2130706433/",
      "http://0x7f.1/",
      "ftp://registry.example.org/",
      "http://registry.example.org:22/",
    ];
    for (const url of refused) expect(`${url} ${await bash(`curl -sSg -x "$http_proxy" --noproxy '' -o /dev/null -w '%{http_code} %{http_connect}' '${url}'`)}`).toMatch(/403|not allowed|not supported/);
    expect(network.asked).toEqual([]);
    expect(sandbox.takeReached().reduce((sum, { refused: count }) => sum + count, 0)).toBeGreaterThanOrEqual(refused.length - 1);
    expect(await bash("curl -sS --noproxy '*' --max-time 3 https://registry.example.org/")).toMatch(/Could not resolve/);
  });

  test("a name that leads to this machine, its networks or cloud metadata is refused, even beside a public address", async () => {
    const secret = await listening(createTcpServer((socket) => socket.end("SECRET")));
    const inside = ["127.0.0.1", "10.0.0.1", "172.20.0.1", "192.168.1.1", "169.254.169.254", "168.63.129.16", "100.100.100.200", "0.0.0.0", "::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "fd00:ec2::254", "fe80::1", "64:ff9b::7f00:1", "2002:7f00:1::", "::"];
    expect(inside.filter(isPublicAddress)).toEqual([]);
    expect([PUBLIC, "2606:4700::6810:1"].every(isPublicAddress)).toBe(true);
    const network = wires({ names: { "registry.example.org": [PUBLIC, "169.254.169.254"] }, ports: { [`${PUBLIC}:80`]: secret.port } });
    const { bash } = await sandboxWith(["registry.example.org"], network);
    expect(await bash("curl -sS http://registry.example.org/")).toContain("an address that is not public");
    expect(network.asked).toEqual(["resolve registry.example.org"]);
  });

  test("the name is asked for once: an answer that changes afterwards changes nothing", async () => {
    const plain = await listening(createHttpServer((_, response) => response.end("first")));
    let answers = 0;
    const network = wires({ names: { "registry.example.org": [PUBLIC] }, ports: { [`${PUBLIC}:80`]: plain.port } });
    const rebinding = { ...network, resolve: async () => (answers++ === 0 ? [PUBLIC] : ["127.0.0.1"]) };
    const { bash } = await sandboxWith(["registry.example.org"], rebinding);
    expect(await bash("curl -sS http://registry.example.org/")).toContain("first");
    expect(network.asked).toEqual([`connect ${PUBLIC}:80`]);
    expect(await bash("curl -sS http://registry.example.org/")).toContain("not public");
  });

  test("behind an allowed host's address no other site of the same address opens", async () => {
    const shared = await tlsSite("registry.example.org", "evil.example.com");
    const network = wires({ names: { "registry.example.org": [PUBLIC] }, ports: { [`${PUBLIC}:443`]: shared.port } });
    const { sandbox, bash } = await sandboxWith(["registry.example.org"], network, { "cert.pem": shared.certificate });
    expect(await bash("curl -sS --cacert cert.pem --connect-to evil.example.com:443:registry.example.org:443 https://evil.example.com/")).not.toContain("hello from");
    // No TLS at all, and TLS without a name.
    for (const first of ["GET / HTTP/1.1\\r\\nHost: evil.example.com\\r\\n\\r\\n", "\\x16\\x03\\x01\\x00\\x05\\x01\\x00\\x00\\x01\\x00"]) {
      expect(await bash(`exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT registry.example.org:443 HTTP/1.1\\r\\n\\r\\n' >&3; head -n 2 <&3; printf '${first}' >&3; timeout 5 cat <&3`)).not.toContain("hello from");
    }
    expect(sandbox.takeReached()).toMatchObject([{ host: "registry.example.org:443", requests: 0, refused: 3 }]);
  });

  test("rubbish, floods and half requests neither end the host nor close the way for others", async () => {
    const plain = await listening(createHttpServer((_, response) => response.end("still here")));
    const odd = await listening(createTcpServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end("HTTP/1.1 099 Odd\r\nTransfer-Encoding: chunked\r\n\r\nzz");
    }));
    const network = wires({ names: { "registry.example.org": [PUBLIC], "odd.example.org": [PUBLIC] }, ports: { [`${PUBLIC}:80`]: plain.port, [`${PUBLIC}:81`]: odd.port } });
    const { bash } = await sandboxWith(["registry.example.org", "odd.example.org:81"], network);
    const script = `
      trap '' PIPE
      for i in $(seq 30); do head -c 20000 /dev/urandom > /dev/tcp/127.0.0.1/3128; printf 'GET http://registry' > /dev/tcp/127.0.0.1/3128; done 2>/dev/null
      printf 'CONNECT registry.example.org:80\\0 HTTP/1.1\\r\\nX: %s\\r\\n\\r\\n' "$(head -c 30000 /dev/zero | tr '\\0' x)" > /dev/tcp/127.0.0.1/3128
      curl -sS http://odd.example.org:81/
      curl -sS -H 'Upgrade: x' -H 'Connection: upgrade' -H 'Transfer-Encoding: chunked' -d y http://registry.example.org/`;
    expect(await bash(script)).toContain("still here");
  });

  test("without hosts there is no gateway, and in weak mode none that could be taken for a wall", async () => {
    const { directory } = repository({});
    const confined = await sandboxOn(directory, "bubblewrap");
    expect((await confined.call("bash", { command: "env | grep -i proxy; ls -A /run; echo > /dev/tcp/127.0.0.1/3128" })).content).toMatch(/^[^]*refused/);
    const weak = await sandboxOn(directory, "weak", { network: { allow: patterns("registry.example.org") } });
    expect((await weak.call("bash", { command: "env | grep -i proxy; echo none" })).content).toBe("none\n[exit code 0]");
  });
});

describe("patterns of hosts", () => {
  test.each(["*", "*.", "*.com", "com", "localhost", "1.2.3.4", "[::1]", "::1", "*.*.example.org", "a.*.org", "https://example.org", "example.org/path", "example.org:0", "example.org:65536", "-a.org", "a-.org", "a..org", ".org", "exämple.org", "example.org ", "a.1", "user@example.org", `${"a.".repeat(130)}org`])("%s is none", (text) => {
    expect(parseHostPattern(text)).toBeNull();
  });

  test("a pattern opens its host at its port and no other", () => {
    const opens = (text: string, host: string, port: number) => matchesHost(patterns(text)[0] as HostPattern, host, { port, standardPort: 443 });
    expect([opens("Example.org", "example.org", 443), opens("example.org", "example.org", 80), opens("example.org:8443", "example.org", 8443), opens("example.org:8443", "example.org", 443)]).toEqual([true, false, true, false]);
    expect([opens("*.example.org", "a.example.org", 443), opens("*.example.org", "a.b.example.org", 443), opens("*.example.org", "example.org", 443), opens("*.example.org", "aexample.org", 443)]).toEqual([true, true, false, false]);
  });
});

describe("the name in a TLS greeting", () => {
  const greeting = async (name: string | undefined): Promise<Buffer> => {
    const { server, port } = await listening(createTcpServer());
    const first = new Promise<Buffer>((resolve) => server.once("connection", (socket: Socket) => socket.once("data", (bytes) => {
      socket.destroy();
      resolve(Buffer.from(bytes));
    })));
    const client = tlsConnect({ host: "127.0.0.1", port, ...(name === undefined ? {} : { servername: name }) });
    client.on("error", () => client.destroy());
    return first;
  };

  test("is found in a real one, at no cut of it taken for another, and in none without", async () => {
    const hello = await greeting("registry.example.org");
    expect(serverName(hello)).toEqual({ kind: "name", name: "registry.example.org" });
    for (let cut = 0; cut < hello.length; cut += 1) expect(serverName(hello.subarray(0, cut))).toEqual({ kind: "more" });
    expect(serverName(await greeting(undefined))).toEqual({ kind: "none" });
  });

  test("no bytes make it throw or name something that is not in them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const bytes = Buffer.concat([Buffer.from([22, 3, 1, 1, 0, 1, 0, 0, 200]), noise]);
        const found = serverName(bytes);
        if (found.kind === "name") expect(bytes.toString("latin1")).toContain(found.name);
      }),
    );
  });
});
