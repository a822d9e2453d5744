import { type Country, nicknames, towns, words } from './country.ts';

/** People of Germany. */
export const GERMANY: Country = {
  code: 'DE',
  name: 'Germany',
  ownName: 'Deutschland',
  femaleNames:
    words(`Anna, Ursula, Karin, Helga, Sabine, Ingrid, Renate, Monika, Susanne, Petra, Birgit, Andrea, Claudia,
    Katrin, Stefanie, Julia, Katharina, Christina, Lena, Sophie, Marie, Johanna, Laura, Lea, Hannah, Emma, Mia, Jana, Nadine,
    Silke, Heike, Anja, Ute, Gisela, Elfriede, Bärbel, Jördis, Käthe, Franziska, Magdalena, Elisabeth, Margarete, Ayşe`),
  maleNames:
    words(`Peter, Hans, Wolfgang, Klaus, Jürgen, Dieter, Manfred, Günter, Horst, Bernd, Thomas, Andreas, Michael,
    Stefan, Frank, Uwe, Ralf, Matthias, Christian, Alexander, Sebastian, Daniel, Tobias, Jan, Florian, Maximilian, Lukas,
    Felix, Jonas, Paul, Leon, Björn, Jörg, Karl-Heinz, Hans-Peter, Friedrich, Johannes, Joachim, Heinrich, Mehmet, Sönke`),
  familyNames:
    words(`Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Wagner, Becker, Schulz, Hoffmann, Schäfer, Koch,
    Bauer, Richter, Klein, Wolf, Schröder, Neumann, Schwarz, Zimmermann, Braun, Krüger, Hofmann, Hartmann, Lange, Schmitt,
    Werner, Schmitz, Krause, Meier, Lehmann, Schmid, Schulze, Maier, Köhler, Herrmann, König, Walter, Mayer, Huber, Kaiser,
    Fuchs, Peters, Lang, Scholz, Möller, Weiß, Jung, Hahn, Schubert, Vogel, Friedrich, Keller, Günther, Frank, Berger,
    Winkler, Roth, Beck, Lorenz, Baumann, Franke, Albrecht, Schuster, Yılmaz, Böhm, Groß, Kowalski, von Arnim, Grünewald`),
  nicknames:
    nicknames(`Katharina Kathi, Elisabeth Lisa, Johannes Hannes, Maximilian Max, Alexander Alex, Sebastian Basti,
    Susanne Susi, Stefanie Steffi, Franziska Franzi, Magdalena Lena, Margarete Grete, Joachim Jochen, Heinrich Heinz,
    Friedrich Fritz, Andreas Andi, Michael Micha, Matthias Matze, Wolfgang Wolf, Christina Tina, Tobias Tobi, Ursula Uschi`),
  towns: towns(`
    Berlin||10%%%
    Hamburg||20%%%
    München|Bayern|80%%%
    Köln|Nordrhein-Westfalen|50%%%
    Frankfurt am Main|Hessen|60%%%
    Stuttgart|Baden-Württemberg|70%%%
    Leipzig|Sachsen|04%%%
    Dresden|Sachsen|01%%%
    Nürnberg|Bayern|90%%%
    Hannover|Niedersachsen|30%%%
    Münster|Nordrhein-Westfalen|48%%%
    Freiburg|Baden-Württemberg|79%%%
    Rostock|Mecklenburg-Vorpommern|18%%%`),
  streets:
    words(`Hauptstraße, Schulstraße, Gartenstraße, Bahnhofstraße, Dorfstraße, Bergstraße, Birkenweg, Lindenstraße,
    Kirchstraße, Waldstraße, Ringstraße, Goethestraße, Schillerstraße, Am Markt, Mozartweg, Rosenweg, Lessingplatz`),
  femaleTitle: 'Frau',
  maleTitle: 'Herr',
  mailDomains: words('post.example, netz.example, brief.example, webmail.example, example.net'),
  houseNumber: 'after',
  flat: 'Wohnung',
};
