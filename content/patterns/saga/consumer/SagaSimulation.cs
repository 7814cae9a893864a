using System.Globalization;
using Acme._1.Contracts;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

/// <summary>
/// Lets the steps of a saga fail on demand, by the order's sku, to see compensation at work. Does nothing outside Development.
/// A real participant decides by its stock, its bank and its carriers: delete this with its calls when you have seen enough.
/// </summary>
public sealed class SagaSimulation(IHostEnvironment environment, IOptions<SagaOptions> options)
{
    /// <summary>The token of the first command to release stock, where the payment is declined: 1 reserves, 2 charges.</summary>
    private const int FirstRelease = 3;

    /// <returns>Why there is nothing to set aside, or null. The sku is <c>out-of-stock</c>.</returns>
    public string? RefusalOfStock(string sku) => Is(sku, "out-of-stock") ? "Simulated: out of stock" : null;

    /// <returns>Why the bank says no, or null. The sku is <c>payment-declined</c>, or one of <see cref="FailCompensation"/>.</returns>
    public string? RefusalOfPayment(string sku) =>
        Is(sku, "payment-declined") || FailingCompensations(sku) > 0 ? "Simulated: payment declined" : null;

    /// <returns>Why nobody takes the parcel, or null. The sku is <c>shipping-fails</c>.</returns>
    public string? RefusalOfShipping(string sku) => Is(sku, "shipping-fails") ? "Simulated: no carrier" : null;

    /// <summary>With the sku <c>payment-timeout</c>, the bank takes longer than the saga waits.</summary>
    public async Task DelayPaymentAsync(string sku, CancellationToken cancellationToken)
    {
        if (Is(sku, "payment-timeout"))
        {
            await Task.Delay(options.Value.StepTimeout * 1.25, cancellationToken);
        }
    }

    /// <summary>
    /// With the sku <c>compensation-fails</c> the goods can never be released; with <c>compensation-fails-N</c> it works after N
    /// attempts, and at once if it is another command than the first.
    /// </summary>
    /// <exception cref="InvalidOperationException">It fails this time.</exception>
    public void FailCompensation(IStepMessage command, string sku, int attempt)
    {
        var failures = FailingCompensations(sku);
        if (attempt <= failures && (failures == int.MaxValue || command.Token == FirstRelease))
        {
            throw new InvalidOperationException($"Simulated failure of a compensation, attempt {attempt}");
        }
    }

    private int FailingCompensations(string sku) => !environment.IsDevelopment() ? 0 : sku.Split('-') switch
    {
        ["compensation", "fails"] => int.MaxValue,
        ["compensation", "fails", var times] when int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => 0,
    };

    private bool Is(string sku, string simulated) => sku == simulated && environment.IsDevelopment();
}
