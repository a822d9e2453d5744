import { type Country, nicknames, towns, words } from './country.ts';

/** People of France. */
export const FRANCE: Country = {
  code: 'FR',
  name: 'France',
  ownName: 'France',
  femaleNames:
    words(`Marie, Nathalie, Isabelle, Sylvie, Catherine, Françoise, Monique, Martine, Christine, Valérie, Sandrine,
    Stéphanie, Céline, Aurélie, Julie, Camille, Léa, Manon, Chloé, Emma, Inès, Jade, Louise, Élise, Hélène, Anne-Sophie,
    Marie-Claude, Geneviève, Brigitte, Joséphine, Fatima, Agathe, Margaux, Clémence, Elisabeth, Véronique, Alexandra`),
  maleNames:
    words(`Jean, Pierre, Michel, André, Philippe, Alain, Bernard, Nicolas, Christophe, Laurent, Frédéric, Sébastien,
    David, Julien, Thomas, Antoine, Maxime, Alexandre, Hugo, Lucas, Théo, Louis, Gabriel, Raphaël, Jean-Luc, Jean-Pierre,
    François, Jérôme, Olivier, Pascal, Thierry, Guillaume, Benoît, Étienne, Mohamed, Karim, Baptiste, Augustin, Emmanuel`),
  familyNames:
    words(`Martin, Bernard, Thomas, Petit, Robert, Richard, Durand, Dubois, Moreau, Laurent, Simon, Michel, Lefèvre,
    Leroy, Roux, David, Bertrand, Morel, Fournier, Girard, Bonnet, Dupont, Lambert, Fontaine, Rousseau, Vincent, Muller,
    Faure, André, Mercier, Blanc, Guérin, Boyer, Garnier, Chevalier, François, Legrand, Gauthier, Garcia, Perrin, Robin,
    Clément, Morin, Nicolas, Henry, Roussel, Mathieu, Gautier, Masson, Marchand, Duval, Denis, Dumont, Marie, Lemaire, Noël,
    Meyer, Dufour, Meunier, Brun, Blanchard, Giraud, Joly, Rivière, Lucas, Brunet, Le Gall, d'Amboise, Benali, Nguyen`),
  nicknames:
    nicknames(`Catherine Cathy, Isabelle Isa, Stéphanie Steph, Valérie Val, Nathalie Nath, Alexandra Alex, Elisabeth Babeth,
    Véronique Véro, Joséphine José, Christophe Chris, Frédéric Fred, Sébastien Seb, Alexandre Alex, Maxime Max, Nicolas Nico,
    Philippe Phil, Emmanuel Manu, Guillaume Guigui, Antoine Toine, Benoît Ben, Françoise Fanfan, Raphaël Raph`),
  towns: towns(`
    Paris|Île-de-France|750%%
    Lyon|Auvergne-Rhône-Alpes|690%%
    Marseille|Provence-Alpes-Côte d'Azur|130%%
    Toulouse|Occitanie|31%%%
    Nantes|Pays de la Loire|44%%%
    Bordeaux|Nouvelle-Aquitaine|33%%%
    Lille|Hauts-de-France|59%%%
    Strasbourg|Grand Est|67%%%
    Rennes|Bretagne|35%%%
    Montpellier|Occitanie|34%%%
    Dijon|Bourgogne-Franche-Comté|21%%%`),
  streets:
    words(`rue de la Paix, rue Victor Hugo, avenue de la République, rue des Lilas, boulevard Voltaire, rue du Moulin,
    place de l'Église, rue Pasteur, avenue Jean Jaurès, chemin des Vignes, rue de la Gare, rue des Écoles, impasse des Roses,
    quai de la Loire, rue Molière, allée des Tilleuls`),
  femaleTitle: 'Mme',
  maleTitle: 'M.',
  mailDomains: words('courrier.example, poste.example, reseau.example, webmail.example, example.net'),
  houseNumber: 'before',
  flat: 'Appt',
};
