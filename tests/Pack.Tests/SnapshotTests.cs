using System.Security.Cryptography;
using System.Text;

namespace MqService.Pack.Tests;

/// <summary>
/// What each combination generates, as kept in Snapshots/services/: <c>&lt;combination&gt;.txt</c> lists its files and where each comes from.
/// <c>&lt;- content/…</c> means that the file is that file of content/ with only the names replaced. <c>= …</c> names a file
/// in files/, for what the conditions of the template made of it.
/// </summary>
public sealed class SnapshotTests(PackFixture pack)
{
    private static readonly string Kept = Path.Combine(Repository.Root, "tests", "Pack.Tests", "Snapshots");

    [Fact]
    public async Task Generated_services_match_the_snapshots()
    {
        var actual = Path.Combine(pack.Folder, "Snapshots");
        Directory.CreateDirectory(actual);
        foreach (var combination in Template.MqService.Resolved)
        {
            await WriteAsync(await pack.GeneratedAsync(combination), actual);
        }

        await CompareAsync(actual, "services");
    }

    [Fact]
    public async Task Help_matches_the_snapshot()
    {
        var help = (await pack.Hive.NewAsync(["mq-service", "--help"], pack.Folder, ct: TestContext.Current.CancellationToken)).EnsureSuccess().Output;
        var actual = Path.Combine(pack.Folder, "help.txt");
        await File.WriteAllTextAsync(actual, string.Join('\n', help.Split('\n').Select(line => line.TrimEnd())) + "\n", TestContext.Current.CancellationToken);

        await CompareAsync(actual, "help.txt");
    }

    private static async Task WriteAsync(GeneratedService service, string folder)
    {
        var origins = Template.MqService.FilesOf(service.Combination, service.Name).ToLookup(f => f.Target, f => f.ContentFile);
        var list = new StringBuilder();
        foreach (var (path, content) in service.ReadAll())
        {
            list.Append(path);
            if (origins[path].LastOrDefault() is { } origin && WithNames(await File.ReadAllTextAsync(Path.Combine(Repository.Root, origin))) == content)
            {
                list.Append($"  <- {origin}\n");
                continue;
            }

            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..8];
            var kept = $"files/{Path.GetFileName(path)}/{hash}{Path.GetExtension(path)}";
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, kept))!);
            await File.WriteAllTextAsync(Path.Combine(folder, kept), content);
            list.Append($"  = {kept}\n");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, $"{service.Combination}.txt"), list.ToString());
    }

    /// <summary>The names of "Acme.1" in their forms, as those of "Shop".</summary>
    private static string WithNames(string content) => content
        .Replace("Acme.1", "Shop", StringComparison.Ordinal)
        .Replace("Acme._1", "Shop", StringComparison.Ordinal)
        .Replace("Acme__1", "Shop", StringComparison.Ordinal)
        .Replace("acme-1", "shop", StringComparison.Ordinal);

    private static async Task CompareAsync(string actual, string name)
    {
        var kept = Path.Combine(Kept, name);
        if (Environment.GetEnvironmentVariable("MQ_UPDATE_SNAPSHOTS") == "1")
        {
            Replace(actual, kept);
            return;
        }

        var diff = await new Command("git", "diff", "--no-index", "--no-color", "--", kept, actual).RunAsync();
        Assert.True(diff.Succeeded, $"{diff.Output}\n\nIf this is meant: MQ_UPDATE_SNAPSHOTS=1 dotnet test tests/Pack.Tests --filter SnapshotTests");
    }

    private static void Replace(string actual, string kept)
    {
        if (File.Exists(actual))
        {
            File.Copy(actual, kept, overwrite: true);
            return;
        }

        if (Directory.Exists(kept))
        {
            Directory.Delete(kept, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(actual, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(kept, Path.GetRelativePath(actual, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
