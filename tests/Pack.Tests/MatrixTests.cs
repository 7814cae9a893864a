namespace MqService.Pack.Tests;

/// <summary>The second tier: it builds without a warning, and every file is formatted.</summary>
public sealed class BuildTests(PackFixture pack)
{
    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Service_builds_without_a_warning(string name) =>
        (await pack.Tiers.BuildAsync(Matrix.Of(name))).Assert();
}

/// <summary>The third tier: its own tests pass on a real broker and a real store.</summary>
public sealed class ServiceTests(PackFixture pack)
{
    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Service_passes_its_own_tests(string name) =>
        (await pack.Tiers.TestAsync(Matrix.Of(name))).Assert();

    [Theory, MemberData(nameof(Matrix.DefaultStores), MemberType = typeof(Matrix))]
    public async Task Service_does_what_its_README_shows(string name) =>
        (await pack.Tiers.WalkThroughAsync(Matrix.Of(name))).Assert();
}

public sealed class RequirementTests
{
    [Fact]
    public void Required_brokers_exist() =>
        Assert.Subset(Template.MqService.Choices("broker").ToHashSet(), Tiers.Required.ToHashSet());
}
