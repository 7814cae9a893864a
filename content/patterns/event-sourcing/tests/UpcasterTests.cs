using System.Text.Json;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>Old events, lifted to the version that the code knows.</summary>
public sealed class UpcasterTests
{
    private static readonly DateTimeOffset StoredAt = new(2026, 1, 31, 8, 30, 0, TimeSpan.Zero);

    [Fact]
    public void A_deposit_of_version_1_upcasts_to_version_2()
    {
        var old = JsonSerializer.Deserialize(ContractTests.Golden("acme-1.account.deposited.v1"), ContractsJsonContext.Default.AccountDepositedV1)!;

        EventUpcaster.ToLatest(old, StoredAt).ShouldBe(new Contracts.V2.AccountDeposited("account-42", 7, 12.5m, StoredAt));
    }

    [Fact]
    public void A_withdrawal_of_version_1_upcasts_to_version_2()
    {
        var old = JsonSerializer.Deserialize(ContractTests.Golden("acme-1.account.withdrawn.v1"), ContractsJsonContext.Default.AccountWithdrawnV1)!;

        EventUpcaster.ToLatest(old, StoredAt).ShouldBe(new Contracts.V2.AccountWithdrawn("account-42", 7, 12.5m, StoredAt));
    }
}
