using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness;

/// <summary>A NATS of our own with JetStream, one server or several, on free ports, with its data in a scratch folder.</summary>
public sealed class NatsServer : ICluster
{
    private const string Password = "nats";

    private readonly string folder;
    private readonly IReadOnlyList<string> accounts;
    private readonly ServerSecurity? security;
    private readonly ServerDisk? disk;
    private readonly IReadOnlyList<ServerNode> nodes;

    private NatsServer(string folder, IReadOnlyList<string> accounts, int count, ServerSecurity? security, ServerDisk? disk)
    {
        this.folder = folder;
        this.accounts = accounts;
        this.security = security;
        this.disk = disk;
        var ports = Ports.Free(3 * count);
        var routes = ports[(2 * count)..];
        nodes = [.. Enumerable.Range(0, count).Select(n => new ServerNode(
            NameOf(ports[n]), ports[n], ct => StartServerAsync(ports[n], ports[count + n], routes[n], routes, ct)))];
    }

    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin")
        .Select(f => Path.Combine(f, "nats-server"))
        .FirstOrDefault(File.Exists);

    /// <summary>A user with an account of its own: the streams of one account are nothing to the others.</summary>
    public string ConnectionString(string account) =>
        string.Join(',', nodes.Select(node => security is null
            ? $"nats://{account}:{Password}@127.0.0.1:{node.Port}"
            : $"tls://{ServerSecurity.User}:{security.Password}@localhost:{node.Port}"));

    /// <param name="accounts">One for each of those who share it.</param>
    /// <param name="count">How many servers.</param>
    /// <param name="security">If not null: TLS, and one user with no more rights than docs/brokers/nats.md says a work queue needs.</param>
    /// <param name="disk">Where its data go; null for a scratch folder.</param>
    public static async Task<NatsServer> StartAsync(
        IEnumerable<string> accounts, int count = 1, ServerSecurity? security = null, ServerDisk? disk = null, CancellationToken ct = default) =>
        await new NatsServer(Repository.NewScratchFolder("nats"), [.. accounts], count, security, disk).StartedAsync(server => server.nodes.StartAllAsync(ct));

    public Task KillAsync() => nodes.KillAllAsync();

    public Task RestartAsync(CancellationToken ct = default) => nodes.StartAllAsync(ct);

    public async Task<string> KillLeaderAsync(string part, string destination)
    {
        var stream = destination.Replace('.', '_');
        var info = await RequestAsync(part, $"$JS.API.STREAM.INFO.{stream}");
        var leader = (string)info["cluster"]!["leader"]!;
        await nodes.Single(node => node.Name == leader).KillAsync();
        return leader;
    }

    /// <summary>Asks JetStream, as a user of this account. Five lines of the protocol do not need a client. Not with <see cref="ServerSecurity"/>.</summary>
    public async Task<JsonNode> RequestAsync(string account, string subject, JsonNode? request = null, CancellationToken ct = default)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", nodes.First(node => node.IsRunning).Port, ct);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream);
        var connect = JsonSerializer.Serialize(new { user = account, pass = Password, verbose = false });
        var payload = request?.ToJsonString() ?? "";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"CONNECT {connect}\r\nSUB answer 1\r\nPUB {subject} answer {Encoding.UTF8.GetByteCount(payload)}\r\n{payload}\r\n"), ct);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("MSG ", StringComparison.Ordinal))
            {
                var answer = JsonNode.Parse((await reader.ReadLineAsync(ct))!)!;
                return answer["error"] is { } error ? throw new InvalidOperationException($"{subject}: {error}") : answer;
            }

            if (line.StartsWith("-ERR", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{subject}: {line}");
            }
        }

        throw new InvalidOperationException($"{subject}: the server has closed the connection.");
    }

    public async ValueTask DisposeAsync()
    {
        await nodes.DisposeAllAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static string NameOf(int port) => $"nats-{port}";

    private async Task<ServerProcess> StartServerAsync(int port, int monitoringPort, int route, int[] routes, CancellationToken ct)
    {
        var configuration = Path.Combine(folder, $"{port}.conf");
        var cluster = routes.Length == 1 ? "" : $$"""
            http: "127.0.0.1:{{monitoringPort}}"
            cluster { name: mq, listen: "127.0.0.1:{{route}}", routes: [ {{string.Join(", ", routes.Select(r => $"\"nats-route://127.0.0.1:{r}\""))}} ] }
            """;
        var clients = security is null ? $$"""
            accounts {
            {{string.Join('\n', accounts.Select(a => $$"""  "{{a}}": { jetstream: enabled, users: [ { user: "{{a}}", password: "{{Password}}" } ] }"""))}}
            }
            """ : $$"""
            tls { cert_file: "{{security.CertificateFile}}", key_file: "{{security.KeyFile}}" }
            accounts {
              services: { jetstream: enabled, users: [ { user: "{{ServerSecurity.User}}", password: "{{security.Password}}", permissions: {
                publish: ["{{security.Prefix}}.>", "$JS.API.>", "$JS.ACK.>", "$KV.>"], subscribe: ["_INBOX.>"] } } ] }
            }
            """;
        await File.WriteAllTextAsync(configuration, $$"""
            server_name: "{{NameOf(port)}}"
            listen: "127.0.0.1:{{port}}"
            jetstream { store_dir: "{{disk?.DataFolder ?? Path.Combine(folder, $"{port}")}}" }
            {{cluster}}
            {{clients}}

            """, ct);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var command = new Command(Program!, "-c", configuration) { Timeout = TimeSpan.FromMinutes(1) };
        return await ServerProcess.StartAsync(
            disk?.Enter(command) ?? command,
            // It listens once JetStream is up. In a cluster, JetStream is up when it has a leader.
            async (_, t) => await ServerProcess.ListensAsync(port, t) && (routes.Length == 1 || await IsHealthyAsync(t)),
            ct);

        async Task<bool> IsHealthyAsync(CancellationToken token)
        {
            try
            {
                using var response = await http.GetAsync($"http://127.0.0.1:{monitoringPort}/healthz", token);
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }
}
