using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>
/// The gate that every change of a contract has to pass. The schema and a golden payload of each version are kept beside
/// its record; messages that are already in queues and logs look like those, whatever the code says today.
/// </summary>
public sealed class ContractTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly string Folder = typeof(ContractTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "ContractsFolder").Value!;

    /// <summary>Set it to write the schemas of new versions, and of compatible changes, instead of complaining.</summary>
    private static readonly bool Update = Environment.GetEnvironmentVariable("UPDATE_CONTRACTS") == "1";

    public static TheoryData<string> Types => [.. MessageTypes.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public async Task The_schema_has_not_changed(string name)
    {
        var path = Path.Combine(Folder, "schemas", $"{FileOf(name)}.json");
        var current = MessageTypes.Find(name)!.Json.GetJsonSchemaAsNode();
        var kept = File.Exists(path) ? JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)) : null;

        if (kept is not null)
        {
            BreakingChanges(kept, current).ShouldBeEmpty(
                $"These changes break consumers of {name}, or the messages they still hold. Undo them, and add a new version with an upcaster instead");
        }

        if (Update)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, current.ToJsonString(Indented) + "\n", TestContext.Current.CancellationToken);
            return;
        }

        JsonNode.DeepEquals(kept, current).ShouldBeTrue(
            $"The schema of {name} is new or has a compatible change. Run the tests once with UPDATE_CONTRACTS=1 and commit {path}");
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void The_golden_payload_can_be_read_and_is_written_the_same(string name)
    {
        var golden = Golden(name);
        var type = MessageTypes.Find(name)!;

        var message = JsonSerializer.Deserialize(golden, type.Json);

        JsonNode.DeepEquals(JsonSerializer.SerializeToNode(message, type.Json), JsonNode.Parse(golden))
            .ShouldBeTrue($"{JsonSerializer.Serialize(message, type.Json)} is not {golden}");
    }

    [Fact]
    public void The_gate_tells_breaking_changes_from_compatible_ones()
    {
        var kept = Schema("""{ "a": { "type": "string" }, "b": { "type": "integer" } }""", """["a"]""");

        BreakingChanges(kept, Schema("""{ "a": { "type": "string" }, "b": { "type": "integer" }, "c": { "type": "string" } }""", """["a"]"""))
            .ShouldBeEmpty();
        BreakingChanges(kept, Schema("""{ "a": { "type": "string" } }""", """["a"]""")).ShouldBe(["b was removed"]);
        BreakingChanges(kept, Schema("""{ "a": { "type": "integer" }, "b": { "type": "integer" } }""", """["a"]"""))
            .ShouldBe(["a has another type"]);
        BreakingChanges(kept, Schema("""{ "a": { "type": "string" }, "b": { "type": "integer" } }""", """["a", "b"]"""))
            .ShouldBe(["b is required now"]);
        BreakingChanges(kept, Schema("""{ "a": { "type": "string" }, "b": { "type": "integer" } }""", "[]"))
            .ShouldBe(["a is no longer required"]);

        static JsonNode Schema(string properties, string required) =>
            JsonNode.Parse($$"""{ "properties": {{properties}}, "required": {{required}} }""")!;
    }

    internal static string Golden(string name) => File.ReadAllText(Path.Combine(Folder, "golden", $"{FileOf(name)}.json"));

    private static string FileOf(string name) => name["acme-1.".Length..];

    private static IEnumerable<string> BreakingChanges(JsonNode kept, JsonNode current)
    {
        var before = kept["properties"]!.AsObject();
        var after = current["properties"]!.AsObject();
        foreach (var (property, schema) in before)
        {
            if (!after.TryGetPropertyValue(property, out var changed))
            {
                yield return $"{property} was removed";
            }
            else if (!JsonNode.DeepEquals(schema, changed))
            {
                yield return $"{property} has another type";
            }
        }

        foreach (var property in Required(current).Except(Required(kept)))
        {
            yield return $"{property} is required now";
        }

        // Consumers of yesterday rely on it.
        foreach (var property in Required(kept).Except(Required(current)))
        {
            yield return $"{property} is no longer required";
        }

        static IEnumerable<string> Required(JsonNode schema) => schema["required"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [];
    }
}
