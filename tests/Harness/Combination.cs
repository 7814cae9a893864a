namespace MqService.Harness;

/// <summary>One value for each choice of the template, in the template's own order.</summary>
public sealed record Combination(IReadOnlyList<(string Option, string Choice)> Choices)
{
    public string this[string option] => Choices.First(c => c.Option == option).Choice;

    public IEnumerable<string> Arguments => Choices.SelectMany(c => new[] { $"--{c.Option}", c.Choice });

    /// <summary>The choices with a dash between them: a name for folders, rows and tests.</summary>
    public override string ToString() => string.Join('-', Choices.Select(c => c.Choice));

    public bool Equals(Combination? other) => other is not null && Choices.SequenceEqual(other.Choices);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
