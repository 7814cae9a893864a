namespace MqService.Harness;

/// <summary>Where things lie in the working tree, and where scratch output goes.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Artifacts => Path.Combine(Root, "artifacts");

    public static string Content => Path.Combine(Root, "content");

    /// <summary>A new folder outside the repository, so that none of its settings reach what is generated there.</summary>
    public static string NewScratchFolder(string purpose)
    {
        var folder = Directory.CreateTempSubdirectory($"mq-{purpose}-").FullName;
        if (!OperatingSystem.IsWindows())
        {
            // PostgreSQL refuses to run as root; the account it runs as must be able to get here.
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        return folder;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Templates.csproj")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Templates.csproj above {AppContext.BaseDirectory}.");
    }
}
