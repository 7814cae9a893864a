using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MqService.Pack.Tests;

/// <summary>The rules that Microsoft.TemplateEngine.Authoring.Tasks checks, and some of our own.</summary>
public sealed partial class TemplateJsonTests
{
    private static readonly Template Template = Template.MqService;

    [Theory]
    [InlineData("identity")]
    [InlineData("groupIdentity")]
    [InlineData("name")]
    [InlineData("shortName")]
    [InlineData("author")]
    [InlineData("description")]
    [InlineData("sourceName")]
    [InlineData("defaultName")]
    [InlineData("precedence")]
    [InlineData("generatorVersions")]
    public void Property_is_there(string name) => Assert.False(string.IsNullOrWhiteSpace((string?)Template.Json[name]));

    [Fact]
    public void Template_is_classified()
    {
        Assert.NotEmpty(Template.Json["classifications"]!.AsArray());
        Assert.Equal(("C#", "solution"), ((string?)Template.Json["tags"]!["language"], (string?)Template.Json["tags"]!["type"]));
    }

    [Fact]
    public void Every_option_and_every_choice_has_a_name_and_an_explanation()
    {
        foreach (var (name, option) in Template.Symbols.Where(s => (string?)s.Value["type"] == "parameter"))
        {
            IEnumerable<JsonNode> described = [option, .. option["choices"]?.AsArray().Select(c => c!) ?? []];
            Assert.All(described, d =>
            {
                Assert.False(string.IsNullOrWhiteSpace((string?)d["displayName"]), $"{name} or one of its choices has no displayName.");
                Assert.EndsWith(".", (string?)d["description"], StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public void Default_of_every_option_is_one_of_its_choices() =>
        Assert.All(Template.Options, option => Assert.Contains(Template.Default(option), Template.Choices(option)));

    [Fact]
    public void Every_post_action_has_an_id_and_says_what_to_do_when_it_cannot_run()
    {
        var actions = Template.Json["postActions"]!.AsArray().Select(a => a!).ToList();
        Assert.All(actions, a => Assert.NotEmpty(a["manualInstructions"]!.AsArray()));
        var ids = actions.SelectMany(a => a["manualInstructions"]!.AsArray().Select(i => $"{a["id"]}/{i!["id"]}")).ToList();
        Assert.DoesNotContain(ids, id => id.StartsWith('/') || id.EndsWith('/'));
        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public void Every_source_is_a_folder_with_files_in_it() =>
        Assert.All(Template.Sources, source => Assert.True(RepositoryFiles.Of(source.Folder).Any(), $"{source.Folder} is empty or not there."));

    [Fact]
    public void Conditions_of_sources_name_computed_symbols_only()
    {
        // The engine fails on `choice == x && flag` when the flag is a disabled option.
        var computed = Template.Symbols.Where(s => (string?)s.Value["type"] == "computed").Select(s => s.Name);
        var used = Template.Sources.SelectMany(s => Word().Matches(s.Condition ?? "").Select(m => m.Value)).Distinct();
        Assert.Empty(used.Except(computed));
    }

    [Fact]
    public void Version_in_template_json_is_that_of_the_package()
    {
        var version = XDocument.Load(Path.Combine(Repository.Root, "Templates.csproj")).Descendants("PackageVersion").Single().Value;
        Assert.Equal(version, (string?)Template.Json["symbols"]!["packVersion"]!["parameters"]!["value"]);
    }

    [Fact]
    public void Host_files_know_every_option_and_no_other()
    {
        var options = Template.Symbols.Where(s => (string?)s.Value["type"] == "parameter").Select(s => s.Name).Order();
        var cli = Read("dotnetcli.host.json")["symbolInfo"]!.AsObject();
        var ide = Read("ide.host.json");

        Assert.Equal(options, cli.Select(s => s.Key).Order());
        Assert.Equal(options, ide["symbolInfo"]!.AsArray().Select(s => (string)s!["id"]!).Order());
        Assert.True(File.Exists(Path.Combine(Template.ConfigFolder, (string)ide["icon"]!)));
    }

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Template.ConfigFolder, file)))!.AsObject();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
