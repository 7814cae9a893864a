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
public abstract class ServiceTests<TLane>(PackFixture pack)
    where TLane : ILane
{
#pragma warning disable CA1000 // MemberData finds them on the class that is closed over its lane: that is the point.
    public static TheoryData<string> All => Matrix.ResolvedOf(TLane.Broker, TLane.Library);

    public static TheoryData<string> WithDefaultStore => Matrix.DefaultStoresOf(TLane.Broker, TLane.Library);
#pragma warning restore CA1000

    [Theory, MemberData(nameof(All))]
    public async Task Service_passes_its_own_tests(string name) =>
        (await pack.Tiers.TestAsync(Matrix.Of(name))).Assert();

    [Theory, MemberData(nameof(WithDefaultStore))]
    public async Task Service_does_what_its_README_shows(string name) =>
        (await pack.Tiers.WalkThroughAsync(Matrix.Of(name))).Assert();
}

public interface ILane
{
    static abstract string Broker { get; }

    static abstract string Library { get; }
}

public sealed class MemoryNativeServiceTests(PackFixture pack) : ServiceTests<MemoryNativeServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "memory";

        public static string Library => "native";
    }
}

public sealed class MemoryMassTransitServiceTests(PackFixture pack) : ServiceTests<MemoryMassTransitServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "memory";

        public static string Library => "masstransit";
    }
}

public sealed class RabbitMqNativeServiceTests(PackFixture pack) : ServiceTests<RabbitMqNativeServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "rabbitmq";

        public static string Library => "native";
    }
}

public sealed class RabbitMqMassTransitServiceTests(PackFixture pack) : ServiceTests<RabbitMqMassTransitServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "rabbitmq";

        public static string Library => "masstransit";
    }
}

public sealed class KafkaNativeServiceTests(PackFixture pack) : ServiceTests<KafkaNativeServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "kafka";

        public static string Library => "native";
    }
}

public sealed class KafkaMassTransitServiceTests(PackFixture pack) : ServiceTests<KafkaMassTransitServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "kafka";

        public static string Library => "masstransit";
    }
}

public sealed class NatsNativeServiceTests(PackFixture pack) : ServiceTests<NatsNativeServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "nats";

        public static string Library => "native";
    }
}

public sealed class RedisNativeServiceTests(PackFixture pack) : ServiceTests<RedisNativeServiceTests.Lane>(pack)
{
    public sealed class Lane : ILane
    {
        public static string Broker => "redis";

        public static string Library => "native";
    }
}

public sealed class RequirementTests
{
    [Fact]
    public void Every_broker_and_library_has_its_service_tests() =>
        Assert.Equal(
            Template.MqService.Resolved.Select(c => (c["broker"], c["library"])).Distinct().Order(),
            typeof(RequirementTests).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(ILane)) && t.IsClass).Select(t => (Of(t, nameof(ILane.Broker)), Of(t, nameof(ILane.Library)))).Order());

    [Fact]
    public void Required_brokers_exist() =>
        Assert.Subset(Template.MqService.Choices("broker").ToHashSet(), Tiers.Required.ToHashSet());

    private static string Of(Type lane, string property) => (string)lane.GetProperty(property)!.GetValue(null)!;
}
