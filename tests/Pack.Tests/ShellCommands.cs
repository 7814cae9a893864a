using System.Text.RegularExpressions;

namespace MqService.Pack.Tests;

/// <summary>The commands in the ```sh blocks of a page.</summary>
public static partial class ShellCommands
{
    public static IReadOnlyList<string> In(string markdown) =>
        [.. Block().Matches(markdown).SelectMany(block => block.Groups[1].Value.Split('\n')).Select(line => Comment().Replace(line, "").Trim()).Where(line => line.Length > 0)];

    public static async Task<IReadOnlyList<string>> ReadmeCommandsAsync(this GeneratedService service) =>
        In(await File.ReadAllTextAsync(Path.Combine(service.Folder, "README.md")));

    [GeneratedRegex(@"^ *```sh\n(.*?)^ *```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    /// <summary>Except a status such as <c># 404</c>, which says what a request is answered with.</summary>
    [GeneratedRegex(@"(^|\s)#\s(?!\d{3}$).*$")]
    private static partial Regex Comment();
}
