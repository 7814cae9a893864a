namespace MqService.Pack.Tests;

/// <summary>The combinations as rows of theories, by name: so each is a test of its own that `--filter` can pick.</summary>
public static class Matrix
{
    private static readonly Dictionary<string, Combination> ByName =
        Template.MqService.Combinations.Concat(Template.MqService.Invalid).ToDictionary(c => c.ToString());

    /// <summary>Those that differ in what they generate.</summary>
    public static TheoryData<string> Resolved => Rows(Template.MqService.Resolved);

    public static TheoryData<string> ResolvedOf(string broker, string library) =>
        Rows(Template.MqService.Resolved.Where(c => c["broker"] == broker && c["library"] == library));

    /// <summary>Of those, the ones with the store that `auto` stands for: the commands of a README do not depend on it.</summary>
    public static TheoryData<string> DefaultStoresOf(string broker, string library) => Rows(Template.MqService.Combinations
        .Where(c => c["broker"] == broker && c["store"] == "auto" && c["library"] == library)
        .Select(Template.MqService.Resolve));

    /// <summary>Those that leave library and store to the template. What the one becomes does not depend on the other.</summary>
    public static TheoryData<string> Auto => Rows(Template.MqService.Combinations.Where(c => c["library"] == "auto" && c["store"] == "auto"));

    /// <summary>Those that the template refuses, but for the ones that are the same with `auto` in them.</summary>
    public static TheoryData<string> Invalid => Rows(Template.MqService.Invalid.Where(c => c["library"] != "auto" && c["store"] != "auto"));

    public static Combination Of(string name) => ByName[name];

    private static TheoryData<string> Rows(IEnumerable<Combination> combinations) => new(combinations.Select(c => c.ToString()));
}
