using System.ComponentModel.DataAnnotations;

namespace Acme._1.Producer;

/// <summary>A text that every store can keep: JSON may contain U+0000, and the texts of PostgreSQL may not.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class StorableTextAttribute() : ValidationAttribute("The field {0} must not contain the character U+0000.")
{
    public override bool IsValid(object? value) => value is not string text || !text.Contains('\0', StringComparison.Ordinal);
}
