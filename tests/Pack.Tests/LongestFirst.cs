using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(MqService.Pack.Tests.LongestFirst))]

namespace MqService.Pack.Tests;

/// <summary>What takes longest and cannot be divided begins first: begun last, it would run alone in the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] First = [nameof(WorkQueueFaultTests), nameof(OtherFaultTests), nameof(MutationTests), nameof(RabbitMqNativeServiceTests), nameof(RabbitMqMassTransitServiceTests)];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(RankOf).ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal)];

    private static int RankOf<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var rank = Array.FindIndex(First, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal));
        return rank < 0 ? First.Length : rank;
    }
}
