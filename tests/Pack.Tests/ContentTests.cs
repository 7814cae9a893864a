using System.Text;
using System.Text.RegularExpressions;

namespace MqService.Pack.Tests;

/// <summary>What can go wrong between content/ and a generated service.</summary>
public sealed partial class ContentTests(PackFixture pack)
{
    private static readonly Template Template = Template.MqService;

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public void No_two_sources_write_one_file(string name)
    {
        var combination = Matrix.Of(name);
        var doubles = Template.FilesOf(combination, PackFixture.ServiceName).GroupBy(f => f.Target, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1);

        Assert.Empty(doubles.Select(g => $"{g.Key} <- {string.Join(", ", g.Select(f => f.ContentFile))}"));
    }

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Every_file_of_every_source_arrives_and_no_other(string name)
    {
        var combination = Matrix.Of(name);
        var service = await pack.GeneratedAsync(combination);

        Assert.Equal(Template.FilesOf(combination, service.Name).Select(f => f.Target).Order(StringComparer.Ordinal), service.Files.Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Nothing_of_the_template_is_left(string name)
    {
        var combination = Matrix.Of(name);
        var service = await pack.GeneratedAsync(combination);
        var leftovers = service.ReadAll()
            .SelectMany(file => file.Value.Split('\n').Prepend(file.Key).Where(line => TemplateRemains().IsMatch(line)).Select(line => $"{file.Key}: {line.Trim()}"))
            .ToList();

        Assert.True(leftovers.Count == 0, string.Join('\n', leftovers));
    }

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Text_is_UTF8_without_a_mark_with_LF_and_a_final_newline(string name)
    {
        var combination = Matrix.Of(name);
        var service = await pack.GeneratedAsync(combination);

        Assert.DoesNotContain(service.Files, f => !IsTidy(File.ReadAllBytes(Path.Combine(service.Folder, f))));
    }

    /// <summary>
    /// What only `dotnet format` finds. The rest of what it looks at (style, analyzers) the build enforces already, and it takes ten
    /// times as long. Each text is looked at once, however many services have it.
    /// </summary>
    [Fact]
    public async Task Every_file_is_formatted()
    {
        var folder = Path.Combine(pack.Folder, "format");
        var texts = new HashSet<string>();
        foreach (var combination in Template.Resolved)
        {
            var service = await pack.GeneratedAsync(combination);
            foreach (var (path, text) in service.ReadAll().Where(file => texts.Add(file.Value)))
            {
                var copy = Path.Combine(folder, path == ".editorconfig" ? "" : $"{combination}", path);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                await File.WriteAllTextAsync(copy, text, TestContext.Current.CancellationToken);
            }
        }

        (await Command.Dotnet("format", "whitespace", folder, "--folder", "--verify-no-changes").RunAsync(TestContext.Current.CancellationToken)).EnsureSuccess();
    }

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Pattern_comes_out_the_same_for_every_broker_library_and_store(string name)
    {
        var combination = Matrix.Of(name);
        var first = Template.Resolved.First(c => c["pattern"] == combination["pattern"]);

        Assert.Equal(await PatternAsync(first), await PatternAsync(combination));

        // All but what says whether there are one or two hosts.
        async Task<IEnumerable<KeyValuePair<string, string>>> PatternAsync(Combination c)
        {
            var service = await pack.GeneratedAsync(c);
            return Template.FilesOf(c, service.Name)
                .Where(f => f.ContentFile.StartsWith("content/patterns/", StringComparison.Ordinal) && !Hosts().IsMatch(f.ContentFile))
                .Select(f => KeyValuePair.Create(f.ContentFile, File.ReadAllText(Path.Combine(service.Folder, f.Target))))
                .OrderBy(f => f.Key, StringComparer.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Matrix.Auto), MemberType = typeof(Matrix))]
    public async Task Auto_generates_what_it_stands_for(string name)
    {
        var combination = Matrix.Of(name);
        var auto = await pack.GeneratedAsync(combination);
        var resolved = await pack.GeneratedAsync(Template.Resolve(combination));

        Assert.Equal(resolved.ReadAll(), auto.ReadAll());
    }

    [Fact]
    public async Task Every_choice_changes_what_is_generated()
    {
        var services = await Task.WhenAll(Template.Resolved.Select(pack.GeneratedAsync));
        // .mq-template.json lists the choices, so it always differs.
        var contents = services.Select(s => string.Join('\n', s.ReadAll().Where(f => f.Key != ".mq-template.json").Select(f => $"{f.Key}\n{f.Value}"))).ToList();

        Assert.Equal(contents.Count, contents.Distinct().Count());
    }

    [Fact]
    public void Every_file_in_content_is_used_by_some_combination() =>
        Assert.Empty(RepositoryFiles.Of("content").Except(Template.Resolved.SelectMany(c => Template.FilesOf(c, PackFixture.ServiceName)).Select(f => f.ContentFile)));

    private static bool IsTidy(ReadOnlySpan<byte> bytes) =>
        bytes is [.., (byte)'\n'] && !bytes.StartsWith(Encoding.UTF8.Preamble) && !bytes.Contains((byte)'\r') && System.Text.Unicode.Utf8.IsValid(bytes);

    [GeneratedRegex("^content/patterns/[^/]+/[^/]*-hosts?/")]
    private static partial Regex Hosts();

    /// <summary>Conditions, tokens, and the source name in each of its forms. C# has an #if of its own: only symbols of ours give it away.</summary>
    [GeneratedRegex("""
        <!--\s*\#(if|else|elseif|endif)|(^|\s)(//|\#)\#(if|else|elif|elseif|endif)\b|\#(if|elif|elseif)\s.*\bis[A-Z]|//[+-]:cnd|__[A-Z][A-Z_]*[A-Z]__|(?i:acme)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex TemplateRemains();
}
