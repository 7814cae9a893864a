namespace MqService.Harness;

/// <summary>
/// A Kafka broker of our own. Its distributions have no common way to start one, so the environment names a program
/// that runs a broker in the foreground, on the loopback address: <c>MQ_KAFKA_SERVER</c>, called with port and data folder.
/// </summary>
public sealed class KafkaServer : IServer
{
    private readonly Func<CancellationToken, Task<ServerProcess>> start;
    private readonly string folder;
    private ServerProcess broker;

    private KafkaServer(ServerProcess broker, Func<CancellationToken, Task<ServerProcess>> start, string folder, int port)
    {
        this.start = start;
        this.broker = broker;
        this.folder = folder;
        ConnectionString = $"127.0.0.1:{port}";
    }

    public static string? Program { get; } = Environment.GetEnvironmentVariable("MQ_KAFKA_SERVER");

    public string ConnectionString { get; }

    public static async Task<KafkaServer> StartAsync(CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("kafka");
        var port = Ports.Free(1)[0];
        return new KafkaServer(await StartBrokerAsync(ct), StartBrokerAsync, folder, port);

        Task<ServerProcess> StartBrokerAsync(CancellationToken token) => ServerProcess.StartAsync(
            new Command(Program!, $"{port}", folder) { Timeout = TimeSpan.FromMinutes(2) },
            (_, t) => ServerProcess.ListensAsync(port, t),
            token);
    }

    public Task KillAsync() => broker.KillAsync();

    public async Task RestartAsync(CancellationToken ct = default) => broker = await start(ct);

    public async ValueTask DisposeAsync()
    {
        await broker.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
