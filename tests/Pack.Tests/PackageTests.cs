using System.IO.Compression;
using System.Xml.Linq;

namespace MqService.Pack.Tests;

public sealed class PackageTests(PackFixture pack)
{
    [Fact]
    public async Task Package_holds_the_templates_and_the_content_as_they_lie_in_the_repository()
    {
        await using var package = await ZipFile.OpenReadAsync(pack.Package, TestContext.Current.CancellationToken);
        var expected = new[] { "templates", "content" }.SelectMany(RepositoryFiles.Of).Concat(["README.md", "icon.png"]);

        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            package.Entries.Select(e => Uri.UnescapeDataString(e.FullName))
                .Where(name => name is not "[Content_Types].xml" and not "MqService.Templates.nuspec" && !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Package_is_a_template_package_with_licence_readme_and_icon()
    {
        await using var package = await ZipFile.OpenReadAsync(pack.Package, TestContext.Current.CancellationToken);
        await using var nuspec = await package.GetEntry("MqService.Templates.nuspec")!.OpenAsync(TestContext.Current.CancellationToken);
        var metadata = (await XDocument.LoadAsync(nuspec, LoadOptions.None, TestContext.Current.CancellationToken)).Root!.Elements().Single();
        string Value(string name) => metadata.Elements().Single(e => e.Name.LocalName == name).Value;

        Assert.Equal(("MqService.Templates", "MIT", "README.md", "icon.png"), (Value("id"), Value("license"), Value("readme"), Value("icon")));
        Assert.Equal("Template", metadata.Descendants().Single(e => e.Name.LocalName == "packageType").Attribute("name")!.Value);
    }

    [Fact]
    public async Task Same_tree_packs_to_the_same_bytes()
    {
        var again = await pack.PackAsync("package-again");

        Assert.Equal(await File.ReadAllBytesAsync(pack.Package, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(again, TestContext.Current.CancellationToken));
    }
}
