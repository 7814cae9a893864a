using System.Text.Json;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>Old messages, lifted to the version that the handlers know.</summary>
public sealed class UpcasterTests
{
    [Fact]
    public void Version_1_upcasts_to_version_2()
    {
        var old = JsonSerializer.Deserialize(ContractTests.Golden("acme-1.order.placed.v1"), ContractsJsonContext.Default.OrderPlacedV1)!;
        var sentAt = new DateTimeOffset(2026, 1, 31, 8, 30, 0, TimeSpan.Zero);

        OrderPlacedUpcaster.ToV2(old, sentAt).ShouldBe(new("order-42", "coffee", 3, sentAt));
    }
}
