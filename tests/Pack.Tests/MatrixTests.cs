namespace MqService.Pack.Tests;

/// <summary>The second tier: it builds without a warning.</summary>
public sealed class BuildTests(PackFixture pack)
{
    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Service_builds_without_a_warning(string name) =>
        (await pack.Tiers.BuildAsync(Matrix.Of(name))).Assert();
}

/// <summary>
/// The third tier: its own tests pass on a real broker and a real store. A class for each broker and library, because classes run side
/// by side: the tests of a service wait more than they work.
/// </summary>
public abstract class ServiceTests<TBroker, TLibrary>(PackFixture pack)
    where TBroker : IChoice
    where TLibrary : IChoice
{
#pragma warning disable CA1000 // MemberData finds them on the class that is closed over its choices: that is the point.
    public static TheoryData<string> All => Matrix.ResolvedOf(TBroker.Name, TLibrary.Name);

    public static TheoryData<string> WithDefaultStore => Matrix.DefaultStoresOf(TBroker.Name, TLibrary.Name);
#pragma warning restore CA1000

    [Theory, MemberData(nameof(All))]
    public async Task Service_passes_its_own_tests(string name) =>
        (await pack.Tiers.TestAsync(Matrix.Of(name))).Assert();

    [Theory, MemberData(nameof(WithDefaultStore))]
    public async Task Service_does_what_its_README_shows(string name) =>
        (await pack.Tiers.WalkThroughAsync(Matrix.Of(name))).Assert();
}

public sealed class MemoryNativeServiceTests(PackFixture pack) : ServiceTests<Memory, Native>(pack);

public sealed class MemoryMassTransitServiceTests(PackFixture pack) : ServiceTests<Memory, MassTransit>(pack);

public sealed class RabbitMqNativeServiceTests(PackFixture pack) : ServiceTests<RabbitMq, Native>(pack);

public sealed class RabbitMqMassTransitServiceTests(PackFixture pack) : ServiceTests<RabbitMq, MassTransit>(pack);

public sealed class KafkaNativeServiceTests(PackFixture pack) : ServiceTests<Kafka, Native>(pack);

public sealed class KafkaMassTransitServiceTests(PackFixture pack) : ServiceTests<Kafka, MassTransit>(pack);

public sealed class NatsNativeServiceTests(PackFixture pack) : ServiceTests<Nats, Native>(pack);

public sealed class RedisNativeServiceTests(PackFixture pack) : ServiceTests<Redis, Native>(pack);

/// <summary>A broker or a library as a type.</summary>
public interface IChoice
{
    static abstract string Name { get; }
}

public sealed class Memory : IChoice
{
    public static string Name => "memory";
}

public sealed class RabbitMq : IChoice
{
    public static string Name => "rabbitmq";
}

public sealed class Kafka : IChoice
{
    public static string Name => "kafka";
}

public sealed class Nats : IChoice
{
    public static string Name => "nats";
}

public sealed class Redis : IChoice
{
    public static string Name => "redis";
}

public sealed class Native : IChoice
{
    public static string Name => "native";
}

public sealed class MassTransit : IChoice
{
    public static string Name => "masstransit";
}

public sealed class RequirementTests
{
    [Fact]
    public void Every_broker_and_library_has_its_service_tests() =>
        Assert.Equal(
            Template.MqService.Resolved.Select(c => (c["broker"], c["library"])).Distinct().Order(),
            typeof(RequirementTests).Assembly.GetTypes()
                .Select(type => type.BaseType)
                .Where(type => type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(ServiceTests<,>))
                .Select(type => (NameOf(type!.GetGenericArguments()[0]), NameOf(type.GetGenericArguments()[1])))
                .Order());

    [Fact]
    public void Required_brokers_exist() =>
        Assert.Subset(Template.MqService.Choices("broker").ToHashSet(), Tiers.Required.ToHashSet());

    private static string NameOf(Type choice) => (string)choice.GetProperty(nameof(IChoice.Name))!.GetValue(null)!;
}
