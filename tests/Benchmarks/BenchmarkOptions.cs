using System.Globalization;

namespace MqService.Benchmarks;

/// <param name="Broker">Which broker.</param>
/// <param name="Quick">Fewer scenarios, rounds and messages: to see whether it runs, not how fast.</param>
/// <param name="Arms">Those that take part.</param>
/// <param name="Rounds">How often each arm has its turn.</param>
/// <param name="Messages">How many in each phase whose handler takes no time.</param>
/// <param name="Growth">Measure how cost grows, with plots, instead of comparing the arms.</param>
/// <param name="Backlog">Growth: how many messages wait when consuming begins.</param>
/// <param name="PackSpeed">Measure the pack itself instead.</param>
/// <param name="Output">Where the tables and plots go.</param>
public sealed record BenchmarkOptions(
    string Broker, bool Quick, IReadOnlyList<Arm> Arms, int Rounds, int Messages, bool Growth, int Backlog, bool PackSpeed, string Output)
{
    public static string Usage => $"""
        Measures generated services beside the raw client of their broker, and beside other libraries.

            dotnet run -c Release --project tests/Benchmarks -- --broker <broker> [options]

            --broker <name>     {string.Join(", ", Arm.Raw.Brokers)}
            --quick             less of everything: to see whether it runs
            --arms <names>      only these, separated by commas: {string.Join(", ", Arm.All.Select(a => a.Name))}
            --rounds <n>        how often each arm has its turn (7)
            --messages <n>      in each phase (20000)
            --growth            how cost grows: payload, consumers, backlog; writes the plots
            --backlog <n>       with --growth: the messages that wait (1000000)
            --pack-speed        without a broker: how long `dotnet new` and the first green tests take
            --output <folder>   where the tables and plots go (artifacts/benchmarks)
        """;

    /// <summary>How long a phase with a slow handler is: about as long as the others.</summary>
    public int MessagesOf(Scenario scenario) => scenario.HandlerMilliseconds == 0 ? Messages : Math.Max(1, Messages / 4);

    public static BenchmarkOptions Parse(string[] args)
    {
        string? broker = null;
        string? arms = null;
        int? rounds = null;
        int? messages = null;
        int? backlog = null;
        var (quick, growth, packSpeed) = (false, false, false);
        var output = Path.Combine(Repository.Artifacts, "benchmarks");
        var words = new Queue<string>(args);
        while (words.TryDequeue(out var word))
        {
            switch (word)
            {
                case "--broker":
                    broker = Value(word);
                    break;
                case "--arms":
                    arms = Value(word);
                    break;
                case "--rounds":
                    rounds = Number(word);
                    break;
                case "--messages":
                    messages = Number(word);
                    break;
                case "--backlog":
                    backlog = Number(word);
                    break;
                case "--output":
                    output = Path.GetFullPath(Value(word));
                    break;
                case "--quick":
                    quick = true;
                    break;
                case "--growth":
                    growth = true;
                    break;
                case "--pack-speed":
                    packSpeed = true;
                    break;
                default:
                    throw new ArgumentException(Usage);
            }
        }

        if (!packSpeed && !Arm.Raw.Brokers.Contains(broker))
        {
            throw new ArgumentException(Usage);
        }

        return new(
            broker ?? "",
            quick,
            [.. (growth ? Arm.Growing : Arm.All).Where(a => a.Brokers.Contains(broker) && (arms is null || arms.Split(',').Contains(a.Name)))],
            rounds ?? (quick ? 2 : 7),
            messages ?? (quick ? 5_000 : 20_000),
            growth,
            backlog ?? (quick ? 20_000 : 1_000_000),
            packSpeed,
            output);

        string Value(string option) => words.TryDequeue(out var value) ? value : throw new ArgumentException($"{option} needs a value.\n\n{Usage}");

        int Number(string option) => int.TryParse(Value(option), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new ArgumentException($"{option} needs a number.\n\n{Usage}");
    }
}
