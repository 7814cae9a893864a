using System.Text.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness;

/// <param name="Folder">The folder in content/, from the repository's root, with forward slashes.</param>
/// <param name="Target">The folder in the generated service, for instance "src/Acme.1.Consumer/".</param>
public sealed record TemplateSource(string Folder, string Target, string? Condition);

/// <summary>What the tests know of a template: read from its template.json, so that a new choice is covered by being there.</summary>
public sealed class Template
{
    private Template(string shortName)
    {
        ConfigFolder = Path.Combine(Repository.Root, "templates", shortName, ".template.config");
        Json = JsonNode.Parse(File.ReadAllText(Path.Combine(ConfigFolder, "template.json")))!.AsObject();
        Sources = [.. Json["sources"]!.AsArray().Select(s => new TemplateSource(
            Path.GetRelativePath(
                Repository.Root,
                Path.Combine(Repository.Root, "templates", shortName, (string)s!["source"]!)).Replace('\\', '/'),
            ((string)s["target"]!)[2..],
            (string?)s["condition"]))];
        Options = [.. Symbols.Where(s => (string?)s.Value["datatype"] == "choice").Select(s => s.Name)];
    }

    public static Template MqService { get; } = new("mq-service");

    public string ConfigFolder { get; }

    public JsonObject Json { get; }

    public string SourceName => (string)Json["sourceName"]!;

    public IReadOnlyList<TemplateSource> Sources { get; }

    /// <summary>The names of the options that are choices.</summary>
    public IReadOnlyList<string> Options { get; }

    public IEnumerable<(string Name, JsonObject Value)> Symbols =>
        Json["symbols"]!.AsObject().Select(s => (s.Key, s.Value!.AsObject()));

    /// <summary>Every combination of choices that is valid, `auto` included.</summary>
    public IEnumerable<Combination> Combinations => All.Where(c => !IsInvalid(c));

    /// <summary>The combinations that the template refuses.</summary>
    public IEnumerable<Combination> Invalid => All.Where(IsInvalid);

    /// <summary>The combinations that differ in what they generate: those without `auto`.</summary>
    public IEnumerable<Combination> Resolved => Combinations.Select(Resolve).Distinct();

    private IEnumerable<Combination> All =>
        Options.Aggregate(
            (IEnumerable<(string, string)[]>)[[]],
            (rows, option) => rows.SelectMany(row => Choices(option).Select(choice => ((string, string)[])[.. row, (option, choice)])))
        .Select(choices => new Combination(choices));

    public IEnumerable<string> Choices(string option) => Symbol(option)["choices"]!.AsArray().Select(c => (string)c!["choice"]!);

    public string Default(string option) => (string)Symbol(option)["defaultValue"]!;

    /// <summary>The same combination with what `auto` stands for in it.</summary>
    public Combination Resolve(Combination combination) =>
        new([.. combination.Choices.Select(c => (c.Option, c.Choice == "auto" ? ValueOf($"resolved{char.ToUpperInvariant(c.Option[0])}{c.Option[1..]}", combination) : c.Choice))]);

    public IEnumerable<TemplateSource> SourcesOf(Combination combination) =>
        Sources.Where(s => s.Condition is null || Condition.Evaluate(s.Condition, name => ValueOf(name, combination)));

    /// <summary>The paths a combination generates for a project of this name, and the file in content/ each comes from.</summary>
    public IEnumerable<(string Target, string ContentFile)> FilesOf(Combination combination, string projectName) =>
        from source in SourcesOf(combination)
        let folder = Path.Combine(Repository.Root, source.Folder)
        from file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(folder, file).Replace('\\', '/')
        where !relative.Split('/').Any(part => part is "bin" or "obj")
        select ((source.Target + relative).Replace(SourceName, projectName, StringComparison.Ordinal), Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'));

    /// <summary>The value of a symbol, parameter or computed, in this combination.</summary>
    public string ValueOf(string symbol, Combination combination)
    {
        var definition = Symbol(symbol);
        string Inner(string name) => ValueOf(name, combination);
        return (string)definition["type"]! switch
        {
            "parameter" => Options.Contains(symbol) ? combination[symbol] : Default(symbol),
            "computed" => Condition.Evaluate((string)definition["value"]!, Inner).ToString(),
            "generated" when (string)definition["generator"]! == "switch" => (string)definition["parameters"]!["cases"]!.AsArray()
                .First(c => Condition.Evaluate((string)c!["condition"]!, Inner))!["value"]!,
            var type => throw new JsonException($"The value of symbol {symbol} of type {type} is not known before the service is generated."),
        };
    }

    private bool IsInvalid(Combination combination) => bool.Parse(ValueOf("isInvalid", combination));

    private JsonObject Symbol(string name) => Json["symbols"]![name]!.AsObject();
}
