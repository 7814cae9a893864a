using System.Collections.Concurrent;
using MqService.Pack.Tests;

[assembly: AssemblyFixture(typeof(PackFixture))]

namespace MqService.Pack.Tests;

/// <summary>The pack, packed and installed once for all tests, and the services that they generate with it.</summary>
public sealed class PackFixture : IAsyncLifetime
{
    /// <summary>The name of the generated services whose content the tests look at.</summary>
    public const string ServiceName = "Shop";

    private readonly ConcurrentDictionary<Combination, Lazy<Task<GeneratedService>>> generated = new();
    private readonly CompilerServer compiler = new();
    private Hive? hive;

    public PackFixture() => Tiers = new Tiers(this);

    public Tiers Tiers { get; }

    public string Folder { get; } = Repository.NewScratchFolder("pack");

    public string Package { get; private set; } = "";

    public Hive Hive => hive ?? throw new InvalidOperationException("The pack is not installed yet.");

    public async ValueTask InitializeAsync()
    {
        // Generated values are the same in every run; the engine reads it in each `dotnet new` we start.
        Environment.SetEnvironmentVariable("TEMPLATE_ENGINE_ENABLE_DETERMINISTIC_MODE", "true");
        Package = await PackAsync("package");
        hive = await Hive.InstallAsync(Package, Path.Combine(Folder, "hive"));
    }

    public async Task<string> PackAsync(string folder)
    {
        var output = Path.Combine(Folder, folder);
        (await Command.Dotnet("pack", Path.Combine(Repository.Root, "Templates.csproj"), "--output", output, $"-p:BaseIntermediateOutputPath={output}/obj/").RunAsync()).EnsureSuccess();
        return Directory.EnumerateFiles(output, "*.nupkg").Single();
    }

    /// <summary>The service of this combination under the name "Shop", generated when first asked for; to be left as it is.</summary>
    public Task<GeneratedService> GeneratedAsync(Combination combination) =>
        generated.GetOrAdd(combination, c => new Lazy<Task<GeneratedService>>(() => GenerateAsync(c, ServiceName, "snapshots"))).Value;

    public async Task<GeneratedService> GenerateAsync(Combination combination, string name, string folder)
    {
        var service = new GeneratedService(combination, name, Path.Combine(Folder, folder, combination.ToString()));
        var result = (await Hive.GenerateAsync(combination, name, service.Folder)).EnsureSuccess();

        // An arrow of Mermaid, -->, ends a comment to the engine: it says so, to the user, and goes on.
        Assert.DoesNotContain("nesting", result.Output, StringComparison.OrdinalIgnoreCase);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await Tiers.DisposeAsync();
        await compiler.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
