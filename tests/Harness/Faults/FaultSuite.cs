using System.Globalization;
using System.Text.RegularExpressions;
using MqService.Harness.Faults.Hostile;

namespace MqService.Harness.Faults;

/// <summary>Runs faults against a built service, each with a broker and a database of its own.</summary>
public static partial class FaultSuite
{
    public static async Task<Figures> RunAsync(GeneratedService service, Scenario scenario, CancellationToken ct = default)
    {
        var combination = service.Combination;
        using var security = scenario.IsOfSecurity ? new ServerSecurity((await MessageFormat.OfAsync(service)).Prefix) : null;

        await using var disk = scenario.IsOfTheDisk ? await ServerDisk.MountAsync(ct) : null;

        // Kafka's clients go where the broker says: it has to name the proxy itself, and so the proxy is there first.
        NetworkProxy? first = null;
        await using var servers = new Servers(
            [combination],
            [scenario.Name],
            scenario.Nodes(combination),
            security,
            disk,
            scenario.IsOfTheNetwork ? port => (first = new NetworkProxy(port)).Port : null);
        var environment = new Dictionary<string, string?>(await servers.EnvironmentAsync(combination, scenario.Name, ct));
        if (security is not null)
        {
            // Trusted by OpenSSL, and so by .NET; NATS's client takes a file of its own.
            environment["SSL_CERT_FILE"] = environment["Messaging__Nats__CaFile"] = security.CaFile;
        }

        await using var network = scenario.IsOfTheNetwork ? first ?? Through(environment) : null;
        await using var history = new History(Path.Combine(Repository.Artifacts, "faults", $"{combination}-{scenario.Name}.jsonl"));
        await using var run = new FaultRun(service, servers.BrokerOf(combination, scenario.Name), servers.Store, network, security, environment, history)
        {
            Disk = disk,
            Part = Servers.PartOf(combination, scenario.Name),
        };
        return await scenario.RunAsync(run);
    }

    /// <summary>Puts a proxy before the broker, and its address into the place of the broker's.</summary>
    private static NetworkProxy Through(Dictionary<string, string?> environment)
    {
        const string Broker = "ConnectionStrings__broker";
        var address = Address().Match(environment[Broker]!);
        var proxy = new NetworkProxy(int.Parse(address.Groups[1].Value, CultureInfo.InvariantCulture));
        environment[Broker] = Address().Replace(environment[Broker]!, $"127.0.0.1:{proxy.Port}");
        return proxy;
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+)")]
    private static partial Regex Address();
}
