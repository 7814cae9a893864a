using Npgsql;

namespace MqService.Harness;

/// <summary>A PostgreSQL of our own, on a free port, with its data in a scratch folder.</summary>
public sealed class PostgresServer : IServer
{
    private readonly ServerNode node;
    private readonly string folder;

    private PostgresServer(string folder)
    {
        this.folder = folder;
        var port = Ports.Free(1)[0];
        ConnectionString = $"Host=127.0.0.1;Port={port};Username=postgres;Password=postgres;Database=postgres";
        node = new("postgres", port, ct => ServerProcess.StartAsync(
            // What it has confirmed survives it, if not the machine: no syncing to disk.
            As("postgres", "-D", DataOf(folder), "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=300")
                with { Timeout = TimeSpan.FromMinutes(1) },
            (_, t) => AcceptsAsync(ConnectionString, t),
            ct));
    }

    /// <summary>The folder with initdb and postgres: Debian keeps them off the path, one folder for each version.</summary>
    public static string? ProgramFolder { get; } =
        (Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var v) ? v : 0).Select(d => Path.Combine(d, "bin"))
            : [])
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        .FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));

    public string ConnectionString { get; }

    public static async Task<PostgresServer> StartAsync(CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("postgres");
        var data = DataOf(folder);
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            await new Command("install", "-d", "-o", "postgres", "-m", "700", data).RunAsync(ct);
        }

        (await As("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync").RunAsync(ct)).EnsureSuccess();
        return await new PostgresServer(folder).StartedAsync(server => server.node.StartAsync(ct));
    }

    public Task KillAsync() => node.KillAsync();

    public Task RestartAsync(CancellationToken ct = default) => node.StartAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static string DataOf(string folder) => Path.Combine(folder, "data");

    private static Command As(string program, params IReadOnlyList<string> arguments)
    {
        var path = Path.Combine(ProgramFolder!, program);
        return (Environment.IsPrivilegedProcess
            // Replaces itself by the program, so that the process id is that of the program.
            ? new Command("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", path, .. arguments])
            : new Command(path, arguments)) with { Folder = Path.GetTempPath() };
    }

    private static async Task<bool> AcceptsAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
            await connection.OpenAsync(ct);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
