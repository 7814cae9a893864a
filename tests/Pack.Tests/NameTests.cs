namespace MqService.Pack.Tests;

/// <summary>Names that are no identifiers. Each with another combination, so that together they cover most of the content.</summary>
public sealed class NameTests(PackFixture pack)
{
    [Theory]
    [InlineData("my-app 1", "memory-work-queue-native-memory")]
    [InlineData("1Project", "rabbitmq-work-queue-native-postgres")]
    [InlineData("a.b.c", "rabbitmq-work-queue-masstransit-postgres")]
    [InlineData("ünïcode", "memory-work-queue-masstransit-memory")]
    [InlineData("class", "memory-work-queue-native-postgres")]
    public async Task Service_of_any_name_builds(string name, string combination)
    {
        var ct = TestContext.Current.CancellationToken;
        var service = await pack.GenerateAsync(Matrix.Of(combination), name, "names");

        var restored = await service.RestoreAsync(GeneratedService.BuildEnvironment, ct);
        Assert.SkipWhen(restored.MissingPackages.Count > 0, $"packages are missing here: {string.Join(", ", restored.MissingPackages)}");
        restored.EnsureSuccess();
        (await service.BuildAsync(GeneratedService.BuildEnvironment, ct)).EnsureSuccess();
    }
}
