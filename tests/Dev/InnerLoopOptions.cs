using MqService.Harness;
using MqService.Harness.Faults;

namespace MqService.Dev;

/// <summary>The command line of ./dev.</summary>
/// <param name="Faults">The faults to put the service through instead of its tests, separated by commas; "all" for all that apply.</param>
/// <param name="Output">Where to generate; null for a folder named after the combination in the temporary folder.</param>
public sealed record InnerLoopOptions(Combination Combination, string Name, string? Output, string? Filter, bool GenerateOnly, bool NoTest, bool Format, string? Faults)
{
    public static string Usage => $"""
        Generates a service from the working tree, builds it and runs its tests. Starts the servers it needs.

            ./dev [choice]... [options]

        Choices, in any order; what is left out has its default:
        {string.Join('\n', Template.MqService.Options.Select(o => $"    {o,-10} {string.Join(", ", Template.MqService.Choices(o))}"))}

        Options:
            --name <name>       the service's name (Shop)
            --output <folder>   where to generate; emptied first (by default a folder of the combination under {Path.GetTempPath()})
            --filter <filter>   run only these tests, as in `dotnet test --filter`
            --format            also run `dotnet format --verify-no-changes`
            --faults <names>    run these faults instead of its tests: {string.Join(", ", Scenario.All.Select(s => s.Name))}, or all
            --no-test           stop after the build
            --generate-only     stop after generating

        ./dev servers           starts the servers and keeps them until Ctrl+C; prints the variables that make ./dev reuse them
        """;

    public static InnerLoopOptions Parse(string[] args)
    {
        var choices = new Dictionary<string, string>();
        var options = new InnerLoopOptions(new Combination([]), "Shop", null, null, false, false, false, null);
        var words = new Queue<string>(args);
        while (words.TryDequeue(out var word))
        {
            options = word switch
            {
                "--name" => options with { Name = words.Dequeue() },
                "--output" => options with { Output = Path.GetFullPath(words.Dequeue()) },
                "--filter" => options with { Filter = words.Dequeue() },
                "--faults" => options with { Faults = words.Dequeue() },
                "--format" => options with { Format = true },
                "--no-test" => options with { NoTest = true },
                "--generate-only" => options with { GenerateOnly = true },
                "-h" or "--help" => throw new ArgumentException(Usage),
                _ => Choose(options, word),
            };
        }

        var template = Template.MqService;
        return options with
        {
            Combination = template.Resolve(new Combination([.. template.Options.Select(o => (o, choices.GetValueOrDefault(o, template.Default(o))))])),
        };

        InnerLoopOptions Choose(InnerLoopOptions current, string word)
        {
            // "memory" is a broker and a store: the first option that has no value yet takes it.
            var option = Template.MqService.Options.FirstOrDefault(o => !choices.ContainsKey(o) && Template.MqService.Choices(o).Contains(word))
                ?? throw new ArgumentException($"'{word}' is not a choice or an option.\n\n{Usage}");
            choices[option] = word;
            return current;
        }
    }
}
