using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

/// <summary>What things cost.</summary>
public sealed class PriceList(IOptions<PriceListOptions> options)
{
    private const int BulkQuantity = 100;

    /// <returns>The price of one piece, in euros; a tenth less from 100 pieces on.</returns>
    public decimal UnitPriceOf(string sku, int quantity)
    {
        var price = options.Value.UnitPrices.TryGetValue(sku, out var listed) ? listed : options.Value.DefaultUnitPrice;
        return quantity >= BulkQuantity ? decimal.Round(price * 0.9m, 2) : price;
    }
}

/// <summary>Configuration section <c>Prices</c>. All prices are in euros, for one piece.</summary>
public sealed class PriceListOptions
{
    public const string Section = "Prices";

    /// <summary>Of everything that is not listed.</summary>
    [Range(0.01, 1_000_000)]
    public decimal DefaultUnitPrice { get; init; } = 9.90m;

    /// <summary>By article.</summary>
    public Dictionary<string, decimal> UnitPrices { get; init; } = new() { ["coffee"] = 12.50m, ["tea"] = 7.25m };
}
