using MqService.Harness.Faults;
using Xunit.Sdk;

namespace MqService.Pack.Tests;

/// <summary>
/// The short set of faults: real processes and real servers, killed under load. `./dev … --faults all` runs the long one for any
/// combination. In classes of their own, because classes run side by side: a fault waits more than it works.
/// </summary>
public abstract class FaultTests(PackFixture pack)
{
    /// <summary>
    /// Those whose loss would hurt most, on the database that keeps what the oracle looks at: all but the longest for the native work queue, those that
    /// say most for the other patterns, and of these the one for MassTransit.
    /// </summary>
    private static bool IsInShortSet(Combination combination, string fault) => (combination["pattern"], combination["library"], fault) switch
    {
        ("work-queue", "native", not ("leader" or "full" or "disk" or "fuzz" or "wrong-password" or "secrets")) => true,
        (_, "native", "kill" or "broker" or "steps" or "es-writers" or "es-rebuild") => true,
        ("work-queue" or "saga" or "event-sourcing", "masstransit", "broker") => true,
        _ => false,
    };

    protected static TheoryData<string, string> RowsOf(Func<Combination, bool> part) => new(
        from combination in Template.MqService.Resolved
        where combination["broker"] == "rabbitmq" && combination["store"] == "postgres" && part(combination)
        from scenario in Scenario.All
        where scenario.AppliesTo(combination) && IsInShortSet(combination, scenario.Name)
        select (combination.ToString(), scenario.Name));

    protected async Task RunAsync(string name, string fault)
    {
        var combination = Matrix.Of(name);
        if (Servers.IsExternal(combination))
        {
            throw SkipException.ForSkip("the broker is not ours to kill");
        }

        var build = await pack.Tiers.BuildAsync(combination);
        if (build.Service is null || Servers.Missing(combination) is not null)
        {
            throw SkipException.ForSkip("its tests did not run");
        }

        var figures = await FaultSuite.RunAsync(build.Service, Scenario.All.Single(s => s.Name == fault), TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage("{0} {1}: {2}", combination, fault, figures);
    }
}

/// <summary>The work queue, with its native library: here each fault has its turn.</summary>
public sealed class WorkQueueFaultTests(PackFixture pack) : FaultTests(pack)
{
    public static TheoryData<string, string> Rows => RowsOf(IsMine);

    internal static bool IsMine(Combination combination) => (combination["pattern"], combination["library"]) == ("work-queue", "native");

    [Theory, MemberData(nameof(Rows))]
    public Task Nothing_is_lost_and_nothing_doubled(string name, string fault) => RunAsync(name, fault);
}

/// <summary>The other patterns, and MassTransit.</summary>
public sealed class OtherFaultTests(PackFixture pack) : FaultTests(pack)
{
    public static TheoryData<string, string> Rows => RowsOf(combination => !WorkQueueFaultTests.IsMine(combination));

    [Theory, MemberData(nameof(Rows))]
    public Task Nothing_is_lost_and_nothing_doubled(string name, string fault) => RunAsync(name, fault);
}
