namespace MqService.Pack.Tests;

/// <summary>The combinations as rows of theories, by name: so each is a test of its own that `--filter` can pick.</summary>
public static class Matrix
{
    private static readonly Dictionary<string, Combination> ByName =
        Template.MqService.Combinations.Concat(Template.MqService.Invalid).ToDictionary(c => c.ToString());

    /// <summary>Those that differ in what they generate.</summary>
    public static TheoryData<string> Resolved => Rows(Template.MqService.Resolved);

    public static TheoryData<string> ResolvedOf(string broker) => Rows(Template.MqService.Resolved.Where(c => c["broker"] == broker));

    /// <summary>Of those, the ones with the store that `auto` stands for: the commands of a README do not depend on it.</summary>
    public static TheoryData<string> DefaultStoresOf(string broker) => Rows(Template.MqService.Combinations
        .Where(c => c["broker"] == broker && c["store"] == "auto" && c["library"] != "auto")
        .Select(Template.MqService.Resolve));

    /// <summary>Those that leave something to the template.</summary>
    public static TheoryData<string> Auto => Rows(Template.MqService.Combinations.Except(Template.MqService.Resolved));

    /// <summary>Those that the template refuses.</summary>
    public static TheoryData<string> Invalid => Rows(Template.MqService.Invalid);

    public static Combination Of(string name) => ByName[name];

    private static TheoryData<string> Rows(IEnumerable<Combination> combinations) => new(combinations.Select(c => c.ToString()));
}
