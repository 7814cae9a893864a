namespace MqService.Pack.Tests;

/// <summary>The second tier: it builds without a warning.</summary>
public sealed class BuildTests(PackFixture pack)
{
    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Service_builds_without_a_warning(string name) =>
        (await pack.Tiers.BuildAsync(Matrix.Of(name))).Assert();
}

/// <summary>
/// The third tier: its own tests pass on a real broker and a real store. A class for each broker, because classes run side by side:
/// the tests of a service wait more than they work.
/// </summary>
public abstract class ServiceTests<TBroker>(PackFixture pack)
    where TBroker : IBrokerName
{
#pragma warning disable CA1000 // MemberData finds them on the class that is closed over its broker: that is the point.
    public static TheoryData<string> All => Matrix.ResolvedOf(TBroker.Name);

    public static TheoryData<string> WithDefaultStore => Matrix.DefaultStoresOf(TBroker.Name);
#pragma warning restore CA1000

    [Theory, MemberData(nameof(All))]
    public async Task Service_passes_its_own_tests(string name) =>
        (await pack.Tiers.TestAsync(Matrix.Of(name))).Assert();

    [Theory, MemberData(nameof(WithDefaultStore))]
    public async Task Service_does_what_its_README_shows(string name) =>
        (await pack.Tiers.WalkThroughAsync(Matrix.Of(name))).Assert();
}

public interface IBrokerName
{
    static abstract string Name { get; }
}

public sealed class MemoryServiceTests(PackFixture pack) : ServiceTests<MemoryServiceTests.Broker>(pack)
{
    public sealed class Broker : IBrokerName
    {
        public static string Name => "memory";
    }
}

public sealed class RabbitMqServiceTests(PackFixture pack) : ServiceTests<RabbitMqServiceTests.Broker>(pack)
{
    public sealed class Broker : IBrokerName
    {
        public static string Name => "rabbitmq";
    }
}

public sealed class KafkaServiceTests(PackFixture pack) : ServiceTests<KafkaServiceTests.Broker>(pack)
{
    public sealed class Broker : IBrokerName
    {
        public static string Name => "kafka";
    }
}

public sealed class NatsServiceTests(PackFixture pack) : ServiceTests<NatsServiceTests.Broker>(pack)
{
    public sealed class Broker : IBrokerName
    {
        public static string Name => "nats";
    }
}

public sealed class RedisServiceTests(PackFixture pack) : ServiceTests<RedisServiceTests.Broker>(pack)
{
    public sealed class Broker : IBrokerName
    {
        public static string Name => "redis";
    }
}

public sealed class RequirementTests
{
    [Fact]
    public void Every_broker_has_its_service_tests() =>
        Assert.Equal(
            Template.MqService.Choices("broker").Order(),
            typeof(RequirementTests).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(IBrokerName)) && t.IsClass).Select(t => (string)t.GetProperty(nameof(IBrokerName.Name))!.GetValue(null)!).Order());

    [Fact]
    public void Required_brokers_exist() =>
        Assert.Subset(Template.MqService.Choices("broker").ToHashSet(), Tiers.Required.ToHashSet());
}
