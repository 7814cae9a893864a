namespace MqService.Harness;

/// <summary>
/// A small file system for a server's data, that can be filled. It is mounted in a namespace of its own, which the server enters: nobody
/// else sees it, and it is gone with the last process in there, however that ends.
/// </summary>
public sealed class ServerDisk : IAsyncDisposable
{
    private const int Megabytes = 256;
    private const int NoSpace = 28;

    // Keeps the namespace while no server is running.
    private const string Mount = """
        mount -t tmpfs -o "size=$2m" tmpfs "$1" && mkdir "$1/data" && exec sleep infinity
        """;

    private readonly ServerProcess keeper;
    private readonly string folder;

    private ServerDisk(ServerProcess keeper, string folder)
    {
        this.keeper = keeper;
        this.folder = folder;
    }

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Missing => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "only root on Linux can mount a small disk";

    /// <summary>An empty folder, as those see it who have <see cref="Enter">entered</see>.</summary>
    public string DataFolder => Path.Combine(folder, "data");

    public static async Task<ServerDisk> MountAsync(CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("disk");
        var keeper = await ServerProcess.StartAsync(
            new Command("unshare", "--mount", "--propagation", "private", "sh", "-c", Mount, "sh", folder, $"{Megabytes}") { Timeout = TimeSpan.FromSeconds(30) },
            (keeper, _) => Task.FromResult(Directory.Exists(Path.Combine(FromOutside(keeper, folder), "data"))),
            ct);
        return new(keeper, folder);
    }

    /// <summary>The same command, where the disk is.</summary>
    public Command Enter(Command command) => command with
    {
        Program = "nsenter",
        Arguments = [$"--mount=/proc/{keeper.Id}/ns/mnt", "--", command.Program, .. command.Arguments],
    };

    /// <summary>Until there is no more room than this.</summary>
    public void Fill(int megabytesLeft)
    {
        using var filler = new FileStream(Filler, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 });
        var block = new byte[1 << 20];
        try
        {
            while (true)
            {
                filler.Write(block);
            }
        }
        catch (IOException exception) when (exception.HResult == NoSpace)
        {
            filler.SetLength(filler.Length - megabytesLeft * block.Length);
        }
    }

    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await keeper.DisposeAsync();
        Directory.Delete(folder);
    }

    private string Filler => Path.Combine(FromOutside(keeper, folder), "filler");

    private static string FromOutside(ServerProcess keeper, string folder) => $"/proc/{keeper.Id}/root{folder}";
}
