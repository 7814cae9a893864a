using System.ComponentModel.DataAnnotations;

namespace Acme._1.Producer;

/// <summary>An amount of money: more than nothing, no fractions of a cent, and small enough to be added up for ever.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AmountAttribute() : ValidationAttribute("The amount must be from 0.01 to 1,000,000,000 with at most two decimals.")
{
    private const decimal Largest = 1_000_000_000m;

    public override bool IsValid(object? value) =>
        value is decimal amount and > 0 and <= Largest && decimal.Round(amount, 2) == amount;
}
