namespace MqService.Harness;

/// <summary>
/// A Redis with two replicas, and three sentinels that watch it: they agree on its death, and make one of the replicas the master. When the
/// old master comes back, it becomes a replica.
/// </summary>
public sealed class RedisSentinel : ICluster
{
    private const string Name = "mq";
    private const int Count = 3;

    /// <summary>How long it must be silent to be dead: shorter than in production, where it is 30 s by default.</summary>
    private static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(2);

    private readonly string folder;
    private readonly IReadOnlyList<RedisServer> servers;
    private readonly IReadOnlyList<ServerNode> sentinels;

    private RedisSentinel(string folder, IReadOnlyList<RedisServer> servers)
    {
        this.folder = folder;
        this.servers = servers;
        sentinels = [.. Ports.Free(Count).Select(port => new ServerNode($"127.0.0.1:{port}", port, ct => StartSentinelAsync(port, ct)))];
    }

    public string ConnectionString => $"{string.Join(',', sentinels.Select(sentinel => sentinel.Name))},serviceName={Name}";

    public static async Task<RedisSentinel> StartAsync(CancellationToken ct = default)
    {
        // Without it, a master that comes back takes writes until it is told that it is none any more.
        string[] safe = ["--min-replicas-to-write", "1"];
        var master = await RedisServer.StartAsync([Name], safe, ct: ct);
        var servers = new List<RedisServer> { master };
        return await new RedisSentinel(Repository.NewScratchFolder("sentinel"), servers).StartedAsync(async redis =>
        {
            for (var replica = 1; replica < Count; replica++)
            {
                servers.Add(await RedisServer.StartAsync([Name], ["--replicaof", "127.0.0.1", $"{master.Port}", .. safe], ct: ct));
            }

            await redis.sentinels.StartAllAsync(ct);
            while (!(await Task.WhenAll(redis.sentinels.Select(KnowsAllAsync))).All(known => known)
                || await master.CommandAsync("WAIT", $"{Count - 1}", "100") != $"{Count - 1}")
            {
                // They find each other through the master, in their own time.
                await Task.Delay(200, ct);
            }
        });
    }

    public async Task<string> KillLeaderAsync(string part, string destination)
    {
        var port = (await RedisServer.CommandAsync(sentinels[0].Port, ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Name])).Split('\n')[1];
        await servers.Single(server => $"{server.Port}" == port).KillAsync();
        return $"127.0.0.1:{port}";
    }

    public Task KillAsync() => Task.WhenAll(servers.Select(server => server.KillAsync()));

    public Task RestartAsync(CancellationToken ct = default) =>
        Task.WhenAll(servers.Where(server => !server.IsRunning).Select(server => server.RestartAsync(ct)));

    public async ValueTask DisposeAsync()
    {
        await sentinels.DisposeAllAsync();
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<bool> KnowsAllAsync(ServerNode sentinel)
    {
        // A name and a value in turn, each on a line of its own.
        var state = (await RedisServer.CommandAsync(sentinel.Port, ["SENTINEL", "MASTER", Name])).Split('\n');
        return new[] { "num-slaves", "num-other-sentinels" }.All(name => state[Array.IndexOf(state, name) + 1] == $"{Count - 1}");
    }

    private async Task<ServerProcess> StartSentinelAsync(int port, CancellationToken ct)
    {
        // It writes down here what it learns.
        var configuration = Path.Combine(folder, $"{port}.conf");
        await File.WriteAllTextAsync(configuration, $"""
            bind 127.0.0.1
            port {port}
            dir {folder}
            sentinel monitor {Name} 127.0.0.1 {servers[0].Port} {Count / 2 + 1}
            sentinel down-after-milliseconds {Name} {DownAfter.TotalMilliseconds}
            sentinel failover-timeout {Name} 10000

            """, ct);
        return await ServerProcess.StartAsync(
            new Command(RedisServer.Program!, configuration, "--sentinel") { Timeout = TimeSpan.FromMinutes(1) },
            (_, t) => ServerProcess.ListensAsync(port, t),
            ct);
    }
}
